// SPDX-License-Identifier: MIT
// From requests to answers, and from failures to error messages.
#include "server/dispatcher.hpp"

#include "recording_channel.hpp"
#include "running_server.hpp"
#include "xgops/protocol/catalog.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace xgops::server {
namespace {

using protocol::Errc;
using protocol::MessageType;

class DispatcherTest : public testing::Test {
 protected:
  Outcome dispatch(MessageType type, const protocol::Bytes& payload) {
    return server::dispatch(*state_, protocol::Header{.type = type, .request_id = 77}, payload,
                            channel_, std::chrono::steady_clock::now());
  }

  std::unique_ptr<commands::AgentState> state_ = test::make_agent_state();
  test::RecordingChannel channel_;
};

TEST_F(DispatcherTest, AnswersWithTheTypeAndIdOfTheRequest) {
  EXPECT_EQ(dispatch(MessageType::kVitals, {}), Outcome::kAnswered);

  ASSERT_EQ(channel_.size(), 1U);
  EXPECT_EQ(channel_.header(0).type, MessageType::kVitals);
  EXPECT_EQ(channel_.header(0).request_id, 77U);
  EXPECT_EQ(channel_.header(0).flags, protocol::kFinal);
  EXPECT_TRUE(channel_.as<protocol::Vitals::Response>(0));
}

TEST_F(DispatcherTest, NamesAMessageThatItDoesNotKnow) {
  EXPECT_EQ(dispatch(static_cast<MessageType>(999), {}), Outcome::kFailed);

  ASSERT_TRUE(channel_.error(0));
  EXPECT_EQ(channel_.error(0)->code, Errc::kUnknownMessage);
  EXPECT_NE(channel_.error(0)->text.find("999"), std::string::npos);
  EXPECT_EQ(channel_.header(0).request_id, 77U);
  EXPECT_EQ(channel_.header(0).flags, protocol::kFinal);
}

TEST_F(DispatcherTest, DoesNotAnswerAnErrorAsARequest) {
  EXPECT_EQ(dispatch(MessageType::kError, {}), Outcome::kFailed);
  EXPECT_EQ(channel_.error(0)->code, Errc::kUnknownMessage);
}

TEST_F(DispatcherTest, RefusesAPayloadOfAnotherLayout) {
  EXPECT_EQ(dispatch(MessageType::kVitals, protocol::Bytes(1)), Outcome::kMalformed);
  EXPECT_EQ(dispatch(MessageType::kThreads, protocol::Bytes(7)), Outcome::kMalformed);

  EXPECT_EQ(channel_.error(0)->code, Errc::kMalformedPayload);
  EXPECT_EQ(channel_.error(1)->code, Errc::kMalformedPayload);
}

TEST_F(DispatcherTest, ReportsAThreadThatDoesNotExist) {
  // TIDs are at most 4194304 on Linux.
  const auto payload = protocol::encode(protocol::Threads::Request{.tid = 2'000'000'000});

  EXPECT_EQ(dispatch(MessageType::kThreads, payload), Outcome::kFailed);

  ASSERT_EQ(channel_.size(), 1U);
  EXPECT_EQ(channel_.error(0)->code, Errc::kNotFound);
}

TEST_F(DispatcherTest, FailsWhenTheAnswerCannotBeDelivered) {
  channel_.room = 0;

  EXPECT_EQ(dispatch(MessageType::kVitals, {}), Outcome::kFailed);
}

TEST_F(DispatcherTest, StopsACaptureThatNobodyWaitsFor) {
  channel_.is_cancelled = true;

  const auto outcome =
      dispatch(MessageType::kStacks, protocol::encode(protocol::Stacks::Request{}));

  EXPECT_EQ(outcome, Outcome::kFailed);
}

/// Fails in a way that no command foresees, the first time that something is sent.
template <class Exception>
class ThrowingChannel final : public commands::ReplyChannel {
 public:
  explicit ThrowingChannel(commands::ReplyChannel& next) : next_(next) {}
  bool send(protocol::Bytes message) override {
    if (!std::exchange(has_thrown_, true)) {
      throw Exception();
    }
    return next_.send(std::move(message));
  }
  bool cancelled() override { return false; }

 private:
  commands::ReplyChannel& next_;
  bool has_thrown_ = false;
};

struct Surprise : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "a surprise"; }
};

TEST_F(DispatcherTest, TurnsAnExceptionIntoAnError) {
  ThrowingChannel<Surprise> channel(channel_);

  EXPECT_EQ(server::dispatch(*state_, {.type = MessageType::kVitals, .request_id = 1}, {}, channel,
                             std::chrono::steady_clock::now()),
            Outcome::kFailed);

  EXPECT_EQ(channel_.error(0)->code, Errc::kInternal);
  EXPECT_TRUE(channel_.error(0)->text.starts_with("a surprise"));
}

TEST_F(DispatcherTest, ReportsThatThereIsNoMemory) {
  ThrowingChannel<std::bad_alloc> channel(channel_);

  EXPECT_EQ(server::dispatch(*state_, {.type = MessageType::kVitals, .request_id = 1}, {}, channel,
                             std::chrono::steady_clock::now()),
            Outcome::kFailed);

  EXPECT_EQ(channel_.error(0)->code, Errc::kOutOfMemory);
}

TEST(WireCodeTest, KeepsTheCodesOfTheProtocol) {
  EXPECT_EQ(wire_code(make_error_code(Errc::kBusy)), Errc::kBusy);
}

TEST(WireCodeTest, TranslatesThoseOfTheSystem) {
  const auto code = [](std::errc error) { return wire_code(std::make_error_code(error)); };

  EXPECT_EQ(code(std::errc::no_such_process), Errc::kNotFound);
  EXPECT_EQ(code(std::errc::permission_denied), Errc::kUnavailable);
  EXPECT_EQ(code(std::errc::operation_not_permitted), Errc::kUnavailable);
  EXPECT_EQ(code(std::errc::timed_out), Errc::kDeadlineExceeded);
  EXPECT_EQ(code(std::errc::not_enough_memory), Errc::kOutOfMemory);
  EXPECT_EQ(code(std::errc::bad_message), Errc::kInternal);
}

TEST(SendErrorTest, CarriesCodeTextAndHint) {
  test::RecordingChannel channel;

  EXPECT_TRUE(send_error(channel, 5, {make_error_code(Errc::kBusy), "32 clients", "later"}));

  EXPECT_EQ(channel.header(0).request_id, 5U);
  EXPECT_EQ(channel.error(0)->code, Errc::kBusy);
  EXPECT_TRUE(channel.error(0)->text.starts_with("32 clients: "));
  EXPECT_EQ(channel.error(0)->hint, "later");
}

}  // namespace
}  // namespace xgops::server
