// SPDX-License-Identifier: MIT
// What threads of unmodified programs wait for, and who holds it.
#include "e2e.hpp"

namespace xgops::test {
namespace {

using std::string;

/// Every thread that a target announced, against `xgops threads` and `xgops stack`.
class WaitsTest : public testing::TestWithParam<const char*> {};

TEST_P(WaitsTest, AreNamedForEveryThread) {
  auto target = TargetProcess::spawn(GetParam());
  ASSERT_TRUE(target.wait_ready()) << target.log();
  ASSERT_FALSE(target.facts().empty());

  for (const string command : {"threads", "stack"}) {
    const Json answer = target.xgops_json({command});
    ASSERT_FALSE(answer.is_discarded()) << command;
    for (const Json& fact : target.facts()) {
      const Json thread = find_thread(answer, fact.value("tid", 0));
      EXPECT_EQ(wait_difference(fact, thread), "") << "xgops " << command << " about " << fact
                                                   << "\nsays " << thread.dump(1).substr(0, 1500);
      EXPECT_EQ(string_at(thread, "name"), string_at(fact, "name"));
    }
  }
}

TEST_P(WaitsTest, HaveExactStacks) {
  auto target = TargetProcess::spawn(GetParam());
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  ASSERT_EQ(answer.command.status, 0) << describe(answer.command);
  EXPECT_EQ(answer.document["cost"]["interrupted"], 0);
  for (const Json& fact : target.facts()) {
    const Json thread = find_thread(answer.document, fact.value("tid", 0));
    EXPECT_EQ(string_at(thread, "status"), "exact") << thread;
    EXPECT_EQ(string_at(thread, "method"), "read") << thread;
    // From the kernel's door to the thread's beginning.
    EXPECT_TRUE(has_function(thread, "clone")) << thread.dump(1);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, WaitsTest,
                         testing::Values("mutexes", "synchronization", "io_waits"),
                         [](const auto& parameter) { return string(parameter.param); });

TEST(DeadlockTest, ShowsBothThreadsWithTheOtherAsOwner) {
  auto target = TargetProcess::spawn("deadlock_two_mutexes");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  const string alice = target.fact("alice")["tid"].dump();
  const string bob = target.fact("bob")["tid"].dump();

  const auto result = target.xgops({"stack", "-p", target.pid_text()});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_NE(result.out.find("lock_first_then_second"), string::npos) << result.out;
  EXPECT_NE(result.out.find("lock_second_then_first"), string::npos) << result.out;
  EXPECT_NE(result.out.find("thread " + alice + " \"alice\" [mutex lock, "), string::npos)
      << result.out;
  EXPECT_NE(result.out.find("held by thread " + bob + " \"bob\""), string::npos) << result.out;
  EXPECT_NE(result.out.find("thread " + bob + " \"bob\" [mutex lock, "), string::npos)
      << result.out;
  EXPECT_NE(result.out.find("held by thread " + alice + " \"alice\""), string::npos) << result.out;
}

TEST(ReadWriteLockTest, CountsTheReadersThatHoldIt) {
  auto target = TargetProcess::spawn("synchronization");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const Json thread = ask_for_stacks(target).thread(target, "after-readers");

  ASSERT_TRUE(thread.is_object());
  EXPECT_EQ(thread["wait"]["readers"], 2) << thread["wait"];
}

TEST(SeccompFilterTest, IsNotRunIntoAndSocketsHaveNamesAllTheSame) {
  TargetOptions options;
  options.launch = Launch::kPlain;
  options.arguments = {"env", "LD_PRELOAD=" + agent_path().string(),
                       target_path("io_waits").string()};
  auto target = TargetProcess::spawn_program(target_path("under_filter"), options);
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  ASSERT_EQ(answer.command.status, 0) << describe(answer.command);
  const string tcp = string_at(answer.thread(target, "tcp-recv")["wait"], "detail");
  EXPECT_TRUE(tcp.starts_with("tcp 127.0.0.1:")) << tcp;
  EXPECT_NE(tcp.find(" -> 127.0.0.1:"), string::npos) << tcp;
  EXPECT_EQ(string_at(answer.thread(target, "unix-read")["wait"], "detail"), "unix unnamed");
  EXPECT_EQ(target.xgops({"vitals", "-p", target.pid_text()}).status, 0) << target.log();
}

TEST(StoppedProcessTest, IsReportedAsStopped) {
  auto target = TargetProcess::spawn("simple");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  ASSERT_EQ(::kill(target.pid(), SIGSTOP), 0);

  const auto result = target.xgops({"stack", "--timeout", "300ms", "-p", target.pid_text()});

  ::kill(target.pid(), SIGCONT);
  EXPECT_EQ(result.status, 2) << describe(result);
  EXPECT_NE(result.err.find("stopped"), string::npos) << result.err;
}

}  // namespace
}  // namespace xgops::test
