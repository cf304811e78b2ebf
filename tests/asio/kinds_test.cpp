// SPDX-License-Identifier: MIT
// targets/asio_kinds: one task of each kind, each of which says what it should show.
#include "support/paths.hpp"
#include "task_list.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

namespace xgops::test {
namespace {

/// The place that `fact` names, as a frame of a chain.
ExpectedFrame frame_of(const Json& fact) {
  return {plain_name(string_at(fact, "function")), fact.value("line", 0U)};
}

class AsioKindsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(program_.wait_ready()) << program_.log();
    // A task says something before each wait; the last is what holds.
    for (const Json& fact : program_.facts()) {
      const auto id = fact.value("id", std::uint64_t{0});
      if (id == 0) {
        created_.push_back(fact);
      } else {
        expected_[id] = fact;
      }
    }
    // Those on other threads may only now be about to wait.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    do {
      const auto tasks = list_tasks(program_);
      ASSERT_TRUE(tasks) << program_.log();
      tasks_ = *tasks;
    } while (!differences().empty() && std::chrono::steady_clock::now() < deadline);
  }

  /// A line for each task that is not as it said.
  [[nodiscard]] std::string differences() const {
    std::string text;
    for (const Json& task : tasks_) {
      const auto fact = expected_.find(task.value("id", std::uint64_t{0}));
      if (fact != expected_.end() && !is_like(task, fact->second)) {
        text += "expected " + fact->second.dump() + "\nseen     " + task.dump() + '\n';
      }
    }
    return text;
  }

  static bool is_like(const Json& task, const Json& fact) {
    const ExpectedTask seen = summary_of(task);
    // What runs has no place yet.
    return seen.wait == string_at(fact, "wait") &&
           (seen.wait.empty() || (!seen.frames.empty() && seen.frames[0] == frame_of(fact)));
  }

  TargetProcess program_ = spawn_linked(target_path("asio_kinds"), {});
  std::map<std::uint64_t, Json> expected_;
  std::vector<Json> created_;
  std::vector<Json> tasks_;
};

TEST_F(AsioKindsTest, EachTaskShowsWhatItWaitsForAndWhere) {
  EXPECT_EQ(differences(), "");
}

TEST_F(AsioKindsTest, NoTaskIsMissingAndNoneIsExtra) {
  std::map<std::uint64_t, Json> missing = expected_;
  std::vector<Json> extra;
  for (const Json& task : tasks_) {
    if (missing.erase(task.value("id", std::uint64_t{0})) == 0) {
      extra.push_back(task);
    }
  }
  EXPECT_TRUE(missing.empty()) << Json(missing).dump(2);
  ASSERT_EQ(created_.size(), 1U);
  ASSERT_EQ(extra.size(), 1U) << Json(extra).dump(2);
  const ExpectedTask seen = summary_of(extra[0]);
  EXPECT_EQ(seen.wait, string_at(created_[0], "wait"));
  EXPECT_TRUE(seen.frames.empty()) << "a task that never ran has no place";
  EXPECT_EQ(seen.created_line, created_[0].value("line", 0U) + 1);
}

TEST_F(AsioKindsTest, AwaitedTasksAreCreatedWhereTheirParentAwaits) {
  std::map<std::uint64_t, Json> by_id;
  for (const Json& task : tasks_) {
    by_id[task.value("id", std::uint64_t{0})] = task;
  }
  int children = 0;
  for (const Json& task : tasks_) {
    const auto parent = by_id.find(task.value("parent", std::uint64_t{0}));
    // A coro is created by a call like any other: only where it waits is known.
    if (parent != by_id.end() && summary_of(task).created_line != 0) {
      ++children;
      EXPECT_EQ(summary_of(task).created_line, summary_of(parent->second).frames.at(0).line)
          << task.dump();
    }
  }
  constexpr int kJoined = 3;
  constexpr int kInGroups = 4;
  EXPECT_EQ(children, kJoined + kInGroups);
}

}  // namespace
}  // namespace xgops::test
