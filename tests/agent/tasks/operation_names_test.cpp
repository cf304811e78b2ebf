// SPDX-License-Identifier: MIT
// What libraries call their operations.
#include "tasks/operation_names.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace xgops::tasks {
namespace {

TEST(OperationNamesTest, KnowsTheObjectsAndOperationsOfAsio) {
  EXPECT_EQ(describe_operation("socket", "async_receive").reason, WaitReason::kSocketReceive);
  EXPECT_EQ(describe_operation("socket", "async_receive_from").reason, WaitReason::kSocketReceive);
  EXPECT_EQ(describe_operation("socket", "async_accept").reason, WaitReason::kAccept);
  EXPECT_EQ(describe_operation("deadline_timer", "async_wait").reason, WaitReason::kTimer);
  EXPECT_EQ(describe_operation("io_context", "post").reason, WaitReason::kPost);
}

TEST(OperationNamesTest, NamesWhatItDoesNotKnow) {
  const WaitDescription wait = describe_operation("printer", "async_print");

  EXPECT_EQ(wait.reason, WaitReason::kOperation);
  EXPECT_EQ(wait.detail, "printer async_print");
}

TEST(OperationNamesTest, TellsOperationsFromTheirTypes) {
  EXPECT_EQ(describe_operation("", "asio::detail::initiate_co_spawn<X>").reason, WaitReason::kJoin);
  EXPECT_EQ(describe_operation("", "asio::detail::initiate_post").reason, WaitReason::kPost);
  const WaitDescription composed =
      describe_operation("", "asio::detail::initiate_async_read_until<S>");
  EXPECT_EQ(composed.reason, WaitReason::kOperation);
  EXPECT_EQ(composed.detail, "async_read_until");
  const WaitDescription unknown = describe_operation("", "app::Event");
  EXPECT_EQ(unknown.reason, WaitReason::kUnknown);
  EXPECT_EQ(unknown.detail, "app::Event");
}

TEST(OperationNamesTest, ReadsWhatAProgramAnnounces) {
  static constexpr WaitKind kLock{WaitReason::kMutexLock};
  static constexpr WaitKind kTurn{"turn of the printer"};

  const auto at = [](const WaitKind& kind) {
    return describe_operation_at(reinterpret_cast<std::uint64_t>(&kind.operation()));
  };

  EXPECT_EQ(at(kLock).reason, WaitReason::kMutexLock);
  EXPECT_EQ(at(kLock).detail, "");
  EXPECT_EQ(at(kTurn).reason, WaitReason::kCustom);
  EXPECT_EQ(at(kTurn).detail, "turn of the printer");
}

TEST(OperationNamesTest, SurvivesAnOperationThatIsNowhere) {
  EXPECT_EQ(describe_operation_at(0).reason, WaitReason::kUnknown);
  EXPECT_EQ(describe_operation_at(16).reason, WaitReason::kUnknown);
  const detail::TaskOperation odd{nullptr, nullptr, 0, 9999};
  EXPECT_EQ(describe_operation_at(reinterpret_cast<std::uint64_t>(&odd)).reason,
            WaitReason::kUnknown);
}

TEST(OperationNamesTest, HasWordsForEveryReason) {
  for (int i = 1; i <= static_cast<int>(WaitReason::kLast); ++i) {
    EXPECT_FALSE(words_of(static_cast<WaitReason>(i)).empty()) << i;
  }
  EXPECT_EQ(words_of(WaitReason::kNone), "");
  EXPECT_EQ(words_of(static_cast<WaitReason>(200)), "");
  EXPECT_EQ(words_of(WaitReason::kWaitGroup), "wait group");
}

}  // namespace
}  // namespace xgops::tasks
