// SPDX-License-Identifier: MIT
// What is remembered of groups of tasks.
#include "leaks/crowds.hpp"

#include "xgops/detail/task_record.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace xgops::leaks {
namespace {

/// A task that is suspended at a place of its own.
class TaskAt {
 public:
  explicit TaskAt(std::uint64_t place) : record_(detail::create_task(&node_)) {
    node_.location.store(place << 3U);
    detail::close_record(record_);
  }
  ~TaskAt() { detail::release_task(record_); }
  TaskAt(const TaskAt&) = delete;
  TaskAt& operator=(const TaskAt&) = delete;

 private:
  detail::TaskNode node_{};
  ::xgops_task_record& record_;
};

class CrowdsTest : public testing::Test {
 protected:
  /// How many there were and are, of each that has grown by more than `threshold`.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> growth(std::uint64_t threshold) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> grown;
    crowds_.look(threshold,
                 [&](const Crowds::Site& /*site*/, std::uint64_t before,
                     const Crowds::Crowd& crowd) { grown.emplace_back(before, crowd.count); });
    return grown;
  }

  Crowds crowds_;
};

TEST_F(CrowdsTest, ForgetPlacesWhereNobodyIsAnyMore) {
  constexpr std::uint64_t kPlaces = 10'000;
  constexpr std::uint64_t kAtOnce = 10;
  for (std::uint64_t place = 1; place < kPlaces; place += kAtOnce) {
    std::deque<TaskAt> tasks;
    for (std::uint64_t i = 0; i < kAtOnce; ++i) {
      tasks.emplace_back(place + i);
    }
    EXPECT_TRUE(growth(1).empty());
  }

  EXPECT_LT(crowds_.chains().size(), 1000U);
}

TEST_F(CrowdsTest, KnowThoseThatStayedFromThePlacesThatWereForgotten) {
  std::deque<TaskAt> staying;
  for (int i = 0; i < 10; ++i) {
    staying.emplace_back(1);
  }
  for (std::uint64_t place = 2; place < 2'000; ++place) {
    const TaskAt passing(place);
    EXPECT_TRUE(growth(1).empty());
  }

  for (int i = 0; i < 10; ++i) {
    staying.emplace_back(1);
  }

  EXPECT_EQ(growth(1), (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{10, 20}}));
}

}  // namespace
}  // namespace xgops::leaks
