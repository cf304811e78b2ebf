// SPDX-License-Identifier: MIT
// What programs do to themselves: fork, exec, become daemons, drop rights, close everything, end.
#include "e2e.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::test {
namespace {

using std::string;
namespace fs = std::filesystem;

/// The stacks of `pid` as soon as it has an agent. A forked child's agent starts a little later.
Json stacks_once_there(const TargetProcess& target, pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + kReadyDeadline;
  Json document;
  do {
    const auto result = target.xgops({"stack", "--json", "-p", std::to_string(pid)});
    document = parse_json(result.out);
  } while (!document.contains("threads") && std::chrono::steady_clock::now() < deadline);
  return document;
}

TEST(ForkTest, GivesTheChildAnAgentOfItsOwn) {
  auto target = TargetProcess::spawn("forks");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  const pid_t child = target.fact("child").value("tid", 0);

  const Json of_child = stacks_once_there(target, child);
  const auto of_parent = ask_for_stacks(target);

  EXPECT_EQ(of_child["pid"], child);
  EXPECT_TRUE(has_function(find_thread(of_child, child), "wait_in_child")) << of_child.dump(1);
  EXPECT_EQ(of_parent.document["pid"], target.pid());
  EXPECT_TRUE(has_function(of_parent.thread(target, "worker"), "wait_in_parent"));
  EXPECT_EQ(parse_json(target.xgops({"list", "--json"}).out)["processes"].size(), 2U);
}

TEST(ForkTest, KeepsTheChildSilentOnRequest) {
  TargetOptions options;
  options.environment = {{"XGOPS_FORK", "silent"}};
  auto target = TargetProcess::spawn("forks", options);
  ASSERT_TRUE(target.wait_ready()) << target.log();
  const pid_t child = target.fact("child").value("tid", 0);

  EXPECT_EQ(thread_ids(child).size(), 1U);
  EXPECT_EQ(target.xgops({"vitals", "-p", std::to_string(child)}).status, 2);
  EXPECT_EQ(target.xgops({"vitals", "-p", target.pid_text()}).status, 0);
}

TEST(DaemonTest, IsFoundWhereItWent) {
  auto target = TargetProcess::spawn("daemon");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  const pid_t daemon = target.fact("daemon").value("tid", 0);

  const Json document = stacks_once_there(target, daemon);

  EXPECT_TRUE(has_function(find_thread(document, daemon), "run_daemon")) << document.dump(1);
}

TEST(DescriptorsTest, AreNeverTakenFromTheProgram) {
  auto target = TargetProcess::spawn("descriptor_reuse");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  EXPECT_EQ(answer.command.status, 0) << describe(answer.command);
  EXPECT_EQ(target.ask("greet"), "0") << target.log();
  EXPECT_EQ(ask_for_stacks(target).command.status, 0);
}

class DroppedUserTest : public testing::Test {
 protected:
  void SetUp() override { XGOPS_REQUIRE_ROOT(); }

  static TargetProcess start(const Environment& environment) {
    TargetOptions options;
    options.environment = environment;
    auto target = TargetProcess::spawn("drops_user", options);
    EXPECT_TRUE(target.wait_ready()) << target.log();
    EXPECT_EQ(target.ask("drop"), "dropped") << target.log();
    return target;
  }
};

TEST_F(DroppedUserTest, ShowsEveryThreadOrSaysWhyNot) {
  auto target = start({});

  const auto answer = ask_for_stacks(target);

  ASSERT_TRUE(answer.document.is_object()) << describe(answer.command);
  EXPECT_EQ(answer.document["threads"].size(), thread_ids(target.pid()).size());
  for (const Json& thread : answer.document["threads"]) {
    EXPECT_TRUE(string_at(thread, "status") == "exact" || !string_at(thread, "reason").empty())
        << thread;
  }
  EXPECT_TRUE(target.running());
}

TEST_F(DroppedUserTest, ShowsEverythingWhenItMayBeMadeDumpable) {
  auto target = start({{"XGOPS_DUMPABLE", "1"}});

  const auto answer = ask_for_stacks(target);

  const Json worker = answer.thread(target, "worker");
  EXPECT_EQ(string_at(worker, "status"), "exact") << describe(answer.command);
  EXPECT_EQ(string_at(worker, "method"), "read") << worker;
  EXPECT_TRUE(has_function(worker, "wait_as_nobody")) << worker.dump(1);
}

TEST_F(DroppedUserTest, MayUseTheCapabilitiesThatItKept) {
  auto target = TargetProcess::spawn("keeps_capabilities");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  EXPECT_EQ(target.ask("change"), "changed") << target.log();
  EXPECT_EQ(target.ask("change again"), "changed") << target.log();
}

TEST(ChangedRootTest, HidesNothing) {
  XGOPS_REQUIRE_ROOT();
  auto target = TargetProcess::spawn("changes_root");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  ASSERT_EQ(target.ask("change"), "changed") << target.log();

  const auto answer = ask_for_stacks(target);

  const Json worker = answer.thread(target, "worker");
  EXPECT_EQ(string_at(worker, "status"), "exact") << describe(answer.command);
  EXPECT_TRUE(has_function(worker, "wait_in_empty_root")) << worker.dump(1);
}

struct Ending {
  const char* how;
  int status;
  bool runs_destructors;
  bool leaves_socket;
};

class EndingTest : public testing::TestWithParam<Ending> {};

TEST_P(EndingTest, IsThatOfTheProgramAlone) {
  const Ending& ending = GetParam();
  auto target = TargetProcess::spawn("ends");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  ASSERT_EQ(ask_for_stacks(target).command.status, 0);

  target.send_line(ending.how);

  EXPECT_EQ(target.wait(), ending.status) << target.log();
  EXPECT_EQ(target.read_line().has_value(), ending.runs_destructors);
  EXPECT_EQ(fs::is_empty(target.socket_directory()), !ending.leaves_socket);
  // Whatever was left behind, nobody is fooled by it.
  EXPECT_EQ(parse_json(target.xgops({"list", "--json"}).out)["processes"], Json::array());
  EXPECT_TRUE(fs::is_empty(target.socket_directory()));
}

INSTANTIATE_TEST_SUITE_P(Endings, EndingTest,
                         testing::Values(Ending{"return", 5, true, false},
                                         Ending{"exit", 5, true, false},
                                         Ending{"_exit", 5, false, true},
                                         Ending{"abort", 128 + SIGABRT, false, true},
                                         Ending{"crash", 128 + SIGILL, false, true}),
                         [](const auto& parameter) {
                           const string how = parameter.param.how;
                           return how == "_exit" ? "immediate_exit" : how;
                         });

TEST(ReadOnlyTest, StartsTheProgramAllTheSame) {
  TargetOptions options;
  options.environment = {{"XGOPS_DIR", "/proc/no-such-directory"}};
  auto target = TargetProcess::spawn("simple", options);

  EXPECT_TRUE(target.wait_ready()) << target.log();
  EXPECT_EQ(target.finish(), 0);
}

TEST(StartTest, AddsOneThreadThatBlocksEverySignal) {
  auto target = TargetProcess::spawn("simple");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  const Json threads = target.xgops_json({"threads"});

  int agents = 0;
  for (const Json& thread : threads["threads"]) {
    if (thread["agent_thread"] == true) {
      ++agents;
      EXPECT_EQ(thread["name"], "xgops");
      std::ifstream status("/proc/" + target.pid_text() + "/task/" + thread["tid"].dump() +
                           "/status");
      string blocked;
      for (string line; std::getline(status, line);) {
        if (line.starts_with("SigBlk:")) {
          blocked = line.substr(line.find_first_not_of("\t ", 7));
        }
      }
      // All but SIGKILL, SIGSTOP, and the two that glibc keeps for itself.
      EXPECT_EQ(std::stoull(blocked, nullptr, 16) | 0x180040100ULL, ~0ULL) << blocked;
    }
  }
  EXPECT_EQ(agents, 1);
}

TEST(IdleTest, NeverWakesTheProgram) {
  auto target = TargetProcess::spawn("simple");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  const Json threads = target.xgops_json({"threads"});
  pid_t agent = 0;
  for (const Json& thread : threads["threads"]) {
    agent = thread["agent_thread"] == true ? thread["tid"].get<pid_t>() : agent;
  }
  const auto switches = [&] {
    std::ifstream status("/proc/" + target.pid_text() + "/task/" + std::to_string(agent) +
                         "/status");
    string counts;
    for (string line; std::getline(status, line);) {
      counts += line.find("ctxt_switches") != string::npos ? line + "\n" : "";
    }
    return counts;
  };
  const auto waits_for_clients = [&] {
    std::ifstream call("/proc/" + target.pid_text() + "/task/" + std::to_string(agent) +
                       "/syscall");
    string number;
    call >> number;
    return number == std::to_string(SYS_poll);
  };
  // Once it is back in its wait: not merely waiting for a CPU, or asleep in the middle of the work,
  // as until the thread that reads the clocks of other CPUs has ended. Another program's work of
  // some length serves as the clock.
  const auto settled = [&] {
    const string before = switches();
    const bool waits = waits_for_clients();
    (void)run_xgops(target.socket_directory(), {"--help"});
    return waits && before == switches() && waits_for_clients();
  };
  const auto deadline = std::chrono::steady_clock::now() + kReadyDeadline;
  while (!settled() && std::chrono::steady_clock::now() < deadline) {
  }

  const string before = switches();
  for (int i = 0; i < 100; ++i) {
    (void)run_xgops(target.socket_directory(), {"--help"});
  }

  ASSERT_NE(before, "");
  EXPECT_EQ(switches(), before);
}

}  // namespace
}  // namespace xgops::test
