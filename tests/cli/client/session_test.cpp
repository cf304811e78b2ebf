// SPDX-License-Identifier: MIT
// Conversations with agents that behave, and with all kinds that do not.
#include "client/session.hpp"

#include "cli/support/fake_agent.hpp"
#include "support/failure.hpp"
#include "support/temp_dir.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/protocol/messages/threads.hpp"
#include "xgops/protocol/messages/vitals.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include <unistd.h>

namespace xgops::cli {
namespace {

using std::chrono::milliseconds;
using test::Behaviour;

/// Long enough for a loaded machine; a failure is found without waiting for it.
constexpr milliseconds kLongEnough{20'000};
/// For tests whose agent stays silent: all of it is waited.
constexpr milliseconds kBrief{30};

class SessionTest : public testing::Test {
 protected:
  SocketAddress address() const {
    auto directory = open_directory(directory_.path(), ::geteuid());
    const protocol::Endpoint endpoint = test::own_endpoint();
    return {*std::move(directory), protocol::socket_name(endpoint), endpoint};
  }

  /// Asks an agent with `behaviour` for threads, which is a streamed answer.
  Result<void> ask_threads(Behaviour behaviour, milliseconds patience = kLongEnough) {
    test::FakeAgentOptions options = test::plausible_agent();
    options.behaviour = behaviour;
    options.threads.resize(3);
    options.error = {protocol::Errc::kNotFound, "no thread 99", "`xgops threads` lists them"};
    const test::FakeAgent agent(directory_.path(), options);
    const Deadline deadline = Deadline::after(patience);
    auto session = Session::connect(address(), ::geteuid(), deadline);
    if (!session) {
      return session.error();
    }
    return session->ask_parts<protocol::Threads>(
        {}, deadline, [&](const protocol::Threads::Response&) { ++parts_; });
  }

  test::TempDir directory_;
  int parts_ = 0;
};

TEST_F(SessionTest, KnowsWhoAnswersByTheKernelsWord) {
  const test::FakeAgent agent(directory_.path(), test::plausible_agent());

  const auto session = Session::connect(address(), ::geteuid(), Deadline::after(kLongEnough));

  ASSERT_TRUE(session) << session.error().message();
  EXPECT_EQ(session->peer().pid, ::getpid());
  EXPECT_EQ(session->peer().uid, ::geteuid());
}

TEST_F(SessionTest, AsksSeveralTimesOnOneConnection) {
  const test::FakeAgent agent(directory_.path(), test::plausible_agent());
  const Deadline deadline = Deadline::after(kLongEnough);
  auto session = Session::connect(address(), ::geteuid(), deadline);
  ASSERT_TRUE(session);

  const auto vitals = session->ask<protocol::Vitals>({}, deadline);
  const auto again = session->ask<protocol::Vitals>({}, deadline);

  ASSERT_TRUE(vitals) << vitals.error().message();
  EXPECT_EQ(vitals->cpu_quota_millis, 1500U);
  EXPECT_TRUE(again);
  EXPECT_EQ(session->hello().agent_version, "0.1.0");
  EXPECT_EQ(agent.connections(), 1);
}

TEST_F(SessionTest, GreetsFirstWhenAsked) {
  const test::FakeAgent agent(directory_.path(), test::plausible_agent());
  const Deadline deadline = Deadline::after(kLongEnough);
  auto session = Session::connect(address(), ::geteuid(), deadline);
  ASSERT_TRUE(session);

  ASSERT_TRUE(session->greet(deadline));

  EXPECT_EQ(session->hello().pid, ::getpid());
  EXPECT_TRUE(session->ask<protocol::Vitals>({}, deadline));
}

TEST_F(SessionTest, TakesAllPartsOfAnAnswer) {
  ASSERT_TRUE(ask_threads(Behaviour::kNormal));
  EXPECT_EQ(parts_, 3);
}

TEST_F(SessionTest, RefusesSeveralMessagesWhereOneBelongs) {
  test::FakeAgentOptions options = test::plausible_agent();
  options.threads.resize(2);
  const test::FakeAgent agent(directory_.path(), options);
  const Deadline deadline = Deadline::after(kLongEnough);
  auto session = Session::connect(address(), ::geteuid(), deadline);
  ASSERT_TRUE(session);

  const auto answer = session->ask<protocol::Threads>({}, deadline);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Failure::kBadAnswer);
}

TEST_F(SessionTest, GivesUpOnASilentAgent) {
  const auto asked = ask_threads(Behaviour::kSilent, kBrief);

  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Failure::kNoAnswer);
  EXPECT_EQ(asked.error().context, "the agent did not answer within 30 ms");
}

TEST_F(SessionTest, GivesUpOnAnAgentThatTrickles) {
  const auto asked = ask_threads(Behaviour::kSlowTrickle, kBrief);

  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Failure::kNoAnswer);
}

TEST_F(SessionTest, GivesUpOnAnAgentThatNeverStops) {
  // Whichever comes first: the deadline, or the limit of messages or bytes.
  EXPECT_FALSE(ask_threads(Behaviour::kEndless, milliseconds(2'000)));
  EXPECT_GT(parts_, 0);
}

TEST_F(SessionTest, ReportsAConnectionThatEnds) {
  for (const Behaviour behaviour :
       {Behaviour::kCloses, Behaviour::kClosesInHeader, Behaviour::kClosesInPayload}) {
    const auto asked = ask_threads(behaviour);

    ASSERT_FALSE(asked);
    EXPECT_NE(asked.error().context.find("closed the connection"), std::string::npos)
        << asked.error().context;
  }
}

TEST_F(SessionTest, RefusesAnswersThatBreakTheProtocol) {
  for (const Behaviour behaviour :
       {Behaviour::kGarbage, Behaviour::kOversize, Behaviour::kMalformedPayload,
        Behaviour::kWrongType, Behaviour::kWrongId}) {
    const auto asked = ask_threads(behaviour);

    ASSERT_FALSE(asked) << static_cast<int>(behaviour);
    EXPECT_EQ(asked.error().code, Failure::kBadAnswer) << asked.error().context;
  }
  EXPECT_EQ(parts_, 0);
}

TEST_F(SessionTest, SaysWhichVersionsDoNotMatch) {
  const auto asked = ask_threads(Behaviour::kNewerProtocol);

  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Failure::kIncompatible);
  EXPECT_NE(asked.error().context.find("agent 9.0.0 speaks protocol 2 to 3"), std::string::npos)
      << asked.error().context;
}

TEST_F(SessionTest, SaysWhatAnOldAgentLacks) {
  const auto asked = ask_threads(Behaviour::kOlderAgent);

  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Failure::kIncompatible);
  EXPECT_EQ(asked.error().context, "agent 0.0.9 has no thread list (needs 0.1)");
}

TEST_F(SessionTest, PassesOnWhatTheAgentSays) {
  const auto asked = ask_threads(Behaviour::kErrorReply);

  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, protocol::Errc::kNotFound);
  EXPECT_EQ(sentence_of(asked.error()), "no thread 99");
  EXPECT_EQ(asked.error().hint, "`xgops threads` lists them");
}

TEST_F(SessionTest, HearsARefusalThatCameBeforeTheRequest) {
  const auto asked = ask_threads(Behaviour::kBusy);

  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, protocol::Errc::kBusy);
}

TEST_F(SessionTest, RefusesThePeerOfAnotherUser) {
  const test::FakeAgent agent(directory_.path(), test::plausible_agent());
  const uid_t somebody_else = ::geteuid() + 1;

  const auto session = Session::connect(address(), somebody_else, Deadline::after(kLongEnough));

  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, Failure::kOtherUser);
  EXPECT_EQ(exit_status_of(session.error()), ExitStatus::kPermission);
}

}  // namespace
}  // namespace xgops::cli
