// SPDX-License-Identifier: MIT
// Names, labels and creation stacks.
#include "tasks/details.hpp"

#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

namespace xgops::tasks {
namespace {

class DetailTableTest : public testing::Test {
 protected:
  // What it interns stays for ever, like all of it.
  static DetailTable& table() {
    static DetailTable instance;
    return instance;
  }
  static Details read(const ::xgops_task_record& record) {
    Details details;
    EXPECT_TRUE(table().read(record.details, details));
    return details;
  }
  static std::string labels(const ::xgops_task_record& record) {
    return std::string(table().labels(read(record).labels));
  }

  ~DetailTableTest() override {
    table().forget(record_);
    table().forget(other_);
  }

  ::xgops_task_record record_{};
  ::xgops_task_record other_{};
};

TEST_F(DetailTableTest, HasNothingOfATaskWithoutDetails) {
  Details details;

  EXPECT_FALSE(table().read(0, details));
  EXPECT_FALSE(table().read(~0U, details));
  EXPECT_EQ(table().labels(0), "");
  EXPECT_EQ(table().labels(~0U), "");
  EXPECT_EQ(table().creation_stack(0), nullptr);
}

TEST_F(DetailTableTest, CutsNames) {
  table().set_name(record_, std::string(100, 'x'));

  EXPECT_EQ(std::string(read(record_).name.data()), std::string(47, 'x'));
}

TEST_F(DetailTableTest, KeepsNamesApart) {
  table().set_name(record_, "one");
  table().set_name(other_, "two");

  EXPECT_STREQ(read(record_).name.data(), "one");
  EXPECT_STREQ(read(other_).name.data(), "two");
}

TEST_F(DetailTableTest, SortsAndReplacesLabels) {
  table().set_label(record_, "user", "ada");
  table().set_label(record_, "shard", "3");
  table().set_label(record_, "user", "eve");

  EXPECT_EQ(labels(record_), "shard=3 user=eve");
}

TEST_F(DetailTableTest, ReplacesWhatSeparatesLabels) {
  table().set_label(record_, "a b", "c=d");

  EXPECT_EQ(labels(record_), "a_b=c_d");
}

TEST_F(DetailTableTest, InheritsLabelsButNotNames) {
  table().set_name(record_, "parent");
  table().set_label(record_, "user", "ada");

  table().inherit(other_, record_);
  table().set_label(record_, "user", "eve");

  EXPECT_EQ(labels(other_), "user=ada");
  EXPECT_STREQ(read(other_).name.data(), "");
}

TEST_F(DetailTableTest, ForgetsATaskThatEnds) {
  table().set_name(record_, "old");
  table().set_label(record_, "user", "ada");
  const std::uint32_t entry = record_.details;

  table().forget(record_);
  table().set_name(other_, "new");

  EXPECT_EQ(record_.details, 0U);
  EXPECT_EQ(other_.details, entry) << "used again";
  EXPECT_EQ(labels(other_), "");
}

TEST_F(DetailTableTest, KeepsTheOldSetWhenThereAreTooMany) {
  for (int i = 0; i < 70'000; ++i) {
    table().set_label(record_, "request", std::to_string(i));
  }

  const std::string last = labels(record_);
  EXPECT_EQ(last.substr(0, 8), "request=");
  EXPECT_LT(std::stoi(last.substr(8)), 65'535);
  table().set_label(other_, "request", "1");
  EXPECT_EQ(labels(other_), "request=1") << "known sets can still be used";
}

TEST_F(DetailTableTest, KeepsEqualStacksOnce) {
  DetailTable::CreationStack stack;
  stack.frames = 2;
  stack.return_addresses = {1, 2};
  table().set_creation_stack(record_, stack);
  table().set_creation_stack(other_, stack);

  EXPECT_EQ(read(record_).creation_stack, read(other_).creation_stack);
  const auto* const kept = table().creation_stack(read(record_).creation_stack);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->return_addresses[1], 2U);
}

TEST_F(DetailTableTest, ShowsANameWholeOrNotAtAll) {
  const std::string names[]{std::string(47, 'a'), std::string(47, 'b')};
  table().set_name(record_, names[0]);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      table().set_name(record_, names[i % 2]);
      std::this_thread::yield();  // Else a busy machine may show no name between two changes.
    }
  });

  int whole = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (whole < 1'000 && std::chrono::steady_clock::now() < deadline) {
    Details details;
    if (table().read(record_.details, details)) {
      const std::string_view name = details.name.data();
      EXPECT_TRUE(name == names[0] || name == names[1]) << name;
      ++whole;
    }
  }
  stop = true;
  writer.join();

  EXPECT_GT(whole, 0);
}

TEST(CurrentStackTest, LeavesInnermostFramesOut) {
  const auto all = current_stack(0);
  const auto rest = current_stack(1);

  ASSERT_GT(all.frames, 2U);
  EXPECT_EQ(all.return_addresses[all.frames - 1], rest.return_addresses[rest.frames - 1]);
}

}  // namespace
}  // namespace xgops::tasks
