// SPDX-License-Identifier: MIT
// Programs that crash in every way leave a dump, and end as they would have without.
#include "e2e.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <regex>

#include <signal.h>

namespace xgops::test {
namespace {

using std::string;

string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// How the agent gets into the program.
enum class Adoption { kPreloaded, kLinked };

/// A way to crash, and what the dump says of it.
struct Crash {
  string kind;
  string signal;
  string function;      ///< On the stack of the thread that crashed.
  string thread = {};   ///< Its name; empty: that of the program.
  string meaning = {};  ///< Of the code; empty: none.
};

// Names of parameterized tests come from these.
void PrintTo(const Crash& crash, std::ostream* out) {
  *out << crash.kind;
}
void PrintTo(Adoption adoption, std::ostream* out) {
  *out << (adoption == Adoption::kLinked ? "linked" : "preloaded");
}

class DumpsTest : public testing::Test {
 protected:
  [[nodiscard]] CommandResult run(Adoption adoption, std::vector<string> arguments,
                                  Environment environment) const {
    const bool linked = adoption == Adoption::kLinked;
    arguments.insert(arguments.begin(), target_path(linked ? "crashes_linked" : "crashes"));
    environment.emplace("XGOPS_DIR", (directory_.path() / "s").string());
    if (!linked) {
      environment.emplace("LD_PRELOAD", agent_path().string());
    }
    return run_command({.arguments = std::move(arguments),
                        .environment = std::move(environment),
                        .working_directory = directory_.path()});
  }
  /// Without an agent.
  [[nodiscard]] CommandResult run_plain(std::vector<string> arguments) const {
    arguments.insert(arguments.begin(), target_path("crashes"));
    return run_command({.arguments = std::move(arguments), .working_directory = directory_.path()});
  }
  /// The dump at `path`, named; a discarded value when there is none.
  [[nodiscard]] Json symbolize(const std::filesystem::path& path,
                               std::vector<string> options = {}) {
    options.insert(options.begin(), {"symbolize", "--json", path.string()});
    symbolized_ = run_xgops(directory_.path(), std::move(options));
    return parse_json(symbolized_.out);
  }
  [[nodiscard]] std::filesystem::path file() const { return directory_.path() / "dump"; }

  static Json thread_named(const Json& document, const string& name) {
    for (const Json& thread : document["threads"]) {
      if (thread["name"] == name) {
        return thread;
      }
    }
    return nullptr;
  }

  const TempDir directory_;
  CommandResult symbolized_;
};

class CrashTest : public DumpsTest,
                  public testing::WithParamInterface<std::tuple<Adoption, Crash>> {};

TEST_P(CrashTest, LeavesADumpAndEndsAsWithout) {
  const auto& [adoption, crash] = GetParam();

  const auto result = run(adoption, {crash.kind}, {{"XGOPS_CRASH_DUMP", file().string()}});
  const auto plain = run_plain({crash.kind});

  EXPECT_GT(result.status, 128) << describe(result);
  EXPECT_EQ(result.status, plain.status) << describe(result);
  EXPECT_EQ(result.err, plain.err) << "the agent is silent but for its file";
  const Json dump = symbolize(file());
  ASSERT_TRUE(dump.is_object()) << describe(symbolized_) << read_text(file());
  EXPECT_EQ(dump["dump"]["cause"], "crash");
  EXPECT_TRUE(dump["dump"]["complete"]) << dump["dump"];
  EXPECT_EQ(string_at(dump["dump"]["signal"], "name"), crash.signal);
  if (!crash.meaning.empty()) {
    EXPECT_EQ(string_at(dump["dump"]["signal"], "meaning"), crash.meaning);
  }
  const Json crashed = find_thread(dump, dump["dump"]["signal"].value("tid", 0));
  ASSERT_TRUE(crashed.is_object()) << dump["dump"];
  EXPECT_GE(position_of(crashed, crash.function), 0) << crashed;
  EXPECT_EQ(crashed["name"], crash.thread.empty() ? string(dump["name"]) : crash.thread);
  // Those who have nothing to do with it.
  const Json sleeps = thread_named(dump, "sleeps");
  ASSERT_TRUE(sleeps.is_object()) << dump["threads"];
  EXPECT_GE(position_of(sleeps, "wait_for_the_mutex"), 0) << sleeps;
  EXPECT_EQ(sleeps["status"], "exact");
  EXPECT_EQ(sleeps["wait"]["reason"], "mutex_lock");
  const Json spins = thread_named(dump, "spins");
  ASSERT_TRUE(spins.is_object()) << dump["threads"];
  EXPECT_TRUE(thread_named(dump, "xgops").is_object()) << dump["threads"];
}

const std::vector<Crash> kCrashes{
    {"null", "SIGSEGV", "write_to_null", "", "address not mapped"},
    {"divide", "SIGFPE", "divide_by_zero", "", "integer division by zero"},
    {"illegal", "SIGILL", "run_illegal_instruction", "", "illegal operand"},
    {"abort", "SIGABRT", "call_abort"},
    {"throw", "SIGABRT", "throw_what_nobody_catches"},
    {"bus", "SIGBUS", "read_past_the_end_of_a_file", "", "no memory behind the address"},
    {"heap", "SIGABRT", "damage_the_heap"},
    {"loader", "SIGSEGV", "crash_in_constructor"},
    {"alternate", "SIGSEGV", "crash_on_an_alternate_stack"},
    {"overflow", "SIGSEGV", "recurse_for_ever"},
    {"overflow-thread", "SIGSEGV", "recurse_for_ever", "overflows"},
    {"descriptors", "SIGSEGV", "crash_without_descriptors"},
};

INSTANTIATE_TEST_SUITE_P(Kinds, CrashTest,
                         testing::Combine(testing::Values(Adoption::kPreloaded, Adoption::kLinked),
                                          testing::ValuesIn(kCrashes)),
                         [](const auto& instance) {
                           string name = std::get<1>(instance.param).kind;
                           std::erase(name, '-');
                           return name + (std::get<0>(instance.param) == Adoption::kLinked
                                              ? "Linked"
                                              : "Preloaded");
                         });

class AdoptionTest : public DumpsTest, public testing::WithParamInterface<Adoption> {};
INSTANTIATE_TEST_SUITE_P(Adoptions, AdoptionTest,
                         testing::Values(Adoption::kPreloaded, Adoption::kLinked),
                         [](const auto& instance) {
                           return instance.param == Adoption::kLinked ? "Linked" : "Preloaded";
                         });

TEST_P(AdoptionTest, TwoThreadsThatCrashAtOnceAreBothInTheDump) {
  const auto result = run(GetParam(), {"two"}, {{"XGOPS_CRASH_DUMP", file().string()}});

  // Which of the two ends the process is open without the agent, too.
  EXPECT_TRUE(result.status == 128 + SIGSEGV || result.status == 128 + SIGFPE) << describe(result);
  const Json dump = symbolize(file());
  ASSERT_TRUE(dump.is_object()) << describe(symbolized_) << read_text(file());
  const string text = read_text(file());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n') > 0, true);
  EXPECT_EQ(text.find(" begin version"), text.rfind(" begin version")) << "two dumps:\n" << text;
  EXPECT_GE(position_of(thread_named(dump, "first"), "crash_as_first"), 0) << dump["threads"];
  EXPECT_GE(position_of(thread_named(dump, "second"), "crash_as_second"), 0) << dump["threads"];
}

TEST_P(AdoptionTest, WritesNothingUnlessAskedTo) {
  const auto result = run(GetParam(), {"null"}, {});

  EXPECT_EQ(result.status, 128 + SIGSEGV);
  EXPECT_EQ(result.err, "") << "no dump was asked for";
}

TEST_P(AdoptionTest, WritesToStderrAmongOtherOutput) {
  const auto result = run(GetParam(), {"throw"}, {{"XGOPS_CRASH_DUMP", "stderr"}});

  EXPECT_EQ(result.status, 128 + SIGABRT);
  EXPECT_NE(result.err.find("nobody catches this"), string::npos) << result.err;
  std::ofstream(file()) << result.err;
  const Json dump = symbolize(file());
  ASSERT_TRUE(dump.is_object()) << describe(symbolized_) << result.err;
  EXPECT_TRUE(dump["dump"]["complete"]) << dump["dump"];
}

TEST_P(AdoptionTest, AForkedChildWritesItsOwnAndCanLeaveACore) {
  const auto result =
      run(GetParam(), {"child"}, {{"XGOPS_CRASH_DUMP", "dump.%p"}, {"XGOPS_FORK", "silent"}});
  const auto plain = run_plain({"child"});

  EXPECT_EQ(result.status, 5) << describe(result);
  // Where the system keeps no cores, "core 0" is in both.
  EXPECT_EQ(result.out, plain.out);
  std::vector<std::filesystem::path> dumps;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    if (entry.path().filename().string().starts_with("dump.")) {
      dumps.push_back(entry.path());
    }
  }
  ASSERT_EQ(dumps.size(), 1U) << describe(result);
  const Json dump = symbolize(dumps.front());
  ASSERT_TRUE(dump.is_object()) << describe(symbolized_);
  EXPECT_EQ(dumps.front().filename().string(), "dump." + std::to_string(dump.value("pid", 0)));
  EXPECT_EQ(dump["dump"]["signal"]["name"], "SIGSEGV");
  // The child has the one thread that forked.
  EXPECT_EQ(dump["threads"].size(), 1U) << dump["threads"];
}

/// Linked: the handler is there before the agent. Preloaded: it is installed when main runs.
class HandlerTest : public DumpsTest, public testing::WithParamInterface<Adoption> {
 protected:
  void expect_as_without(const std::vector<string>& arguments, int status) {
    const auto result = run(GetParam(), arguments, {{"XGOPS_CRASH_DUMP", file().string()}});
    const auto plain = run_plain(arguments);

    EXPECT_EQ(result.status, status) << describe(result);
    EXPECT_EQ(result.status, plain.status) << describe(plain);
    EXPECT_EQ(result.out, plain.out);
    EXPECT_EQ(result.err, plain.err);
  }
  void expect_dump() {
    const Json dump = symbolize(file());
    ASSERT_TRUE(dump.is_object()) << describe(symbolized_);
    EXPECT_EQ(dump["dump"]["signal"]["name"], "SIGSEGV");
    EXPECT_TRUE(dump["dump"]["complete"]) << dump["dump"];
    const string text = read_text(file());
    EXPECT_EQ(text.find(" begin version"), text.rfind(" begin version")) << "two dumps:\n" << text;
  }
};
INSTANTIATE_TEST_SUITE_P(Adoptions, HandlerTest,
                         testing::Values(Adoption::kPreloaded, Adoption::kLinked),
                         [](const auto& instance) {
                           return instance.param == Adoption::kLinked ? "Before" : "After";
                         });

TEST_P(HandlerTest, GetsTheDetails) {
  expect_as_without({"null", "details"}, 42);
  expect_dump();
}
TEST_P(HandlerTest, WithoutDetailsIsCalled) {
  expect_as_without({"null", "plain"}, 43);
  expect_dump();
}
TEST_P(HandlerTest, SetBySignalIsCalled) {
  expect_as_without({"null", "signal"}, 43);
  expect_dump();
}
TEST_P(HandlerTest, SetBySignalOfSystemVIsCalled) {
  expect_as_without({"null", "sysv_signal"}, 43);
  expect_dump();
}
TEST_P(HandlerTest, MayRecoverAgainAndAgain) {
  expect_as_without({"null", "recovers"}, 44);
  expect_dump();
}
TEST_P(HandlerTest, IsCalledForASignalThatIsSent) {
  expect_as_without({"sent", "plain"}, 43);
  expect_dump();
}
TEST_P(HandlerTest, AnIgnoredSignalDoesNothing) {
  expect_as_without({"sent", "ignored"}, 7);
  EXPECT_FALSE(std::filesystem::exists(file())) << read_text(file());
}
TEST_P(HandlerTest, AFaultThatIsIgnoredEndsTheProcess) {
  expect_as_without({"null", "ignored"}, 128 + SIGSEGV);
  EXPECT_FALSE(std::filesystem::exists(file())) << read_text(file());
}
TEST_P(HandlerTest, WhatIsIgnoredStaysSoInTheNextProgram) {
  expect_as_without({"exec"}, 0);
}
TEST_P(HandlerTest, AnIgnoredSignalInterruptsNoCall) {
  expect_as_without({"read-ignoring"}, 8);
}
TEST_P(HandlerTest, AHandlerThatRestartsCallsStillDoes) {
  expect_as_without({"read-handling"}, 8);
}
TEST_P(HandlerTest, AChildOfVforkMayCrash) {
  expect_as_without({"vfork-crash"}, 128 + SIGSEGV);
  expect_dump();
}
TEST_P(HandlerTest, IsNotLostToAChildOfVfork) {
  expect_as_without({"vfork", "plain"}, 43);
  expect_dump();
}

TEST_F(DumpsTest, AProgramWithAnAgentOfItsOwnMayBePreloadedToo) {
  const auto result =
      run(Adoption::kLinked, {"null", "second_agent"},
          {{"XGOPS_CRASH_DUMP", file().string()}, {"LD_PRELOAD", agent_path().string()}});

  EXPECT_EQ(result.status, 128 + SIGSEGV) << describe(result);
  const Json dump = symbolize(file());
  ASSERT_TRUE(dump.is_object()) << describe(symbolized_);
  EXPECT_EQ(dump["dump"]["signal"]["name"], "SIGSEGV");
}

TEST_F(DumpsTest, AChildMayInstallAHandler) {
  const std::vector<string> arguments{"child", "", "plain"};
  const auto result = run(Adoption::kPreloaded, arguments,
                          {{"XGOPS_CRASH_DUMP", file().string()}, {"XGOPS_FORK", "silent"}});
  const auto plain = run_plain(arguments);

  EXPECT_EQ(result.out, plain.out);
  EXPECT_NE(result.out.find("child: status 43"), string::npos) << describe(result);
  const Json dump = symbolize(file());
  ASSERT_TRUE(dump.is_object()) << describe(symbolized_);
  EXPECT_EQ(dump["threads"].size(), 1U);
}

TEST_F(DumpsTest, HandlersMayBeReplacedWhileAThreadCrashes) {
  for (int i = 0; i < 10; ++i) {
    std::filesystem::remove(file());
    const auto result =
        run(Adoption::kPreloaded, {"null", "replaced"}, {{"XGOPS_CRASH_DUMP", file().string()}});
    // One of the two handlers, and never a mixture of both.
    ASSERT_TRUE(result.status == 42 || result.status == 43) << describe(result);
    ASSERT_EQ(result.err, "");
    const Json dump = symbolize(file());
    ASSERT_TRUE(dump.is_object()) << describe(symbolized_);
    ASSERT_TRUE(dump["dump"]["complete"]) << dump["dump"];
  }
}

class RequestTest : public DumpsTest {
 protected:
  static TargetOptions options(Environment environment) {
    TargetOptions options;
    options.arguments = {"serve"};
    options.environment = std::move(environment);
    return options;
  }
  /// Waits until `path` has `count` dumps that have ended.
  static bool wait_for_dumps(const std::filesystem::path& path, std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + kReadyDeadline;
    const std::regex last_line("xgops-dump [0-9.]+ [0-9]+ end ");
    while (std::chrono::steady_clock::now() < end) {
      const string text = read_text(path);
      const auto found = std::distance(std::sregex_iterator(text.begin(), text.end(), last_line),
                                       std::sregex_iterator());
      if (static_cast<std::size_t>(found) >= count) {
        return true;
      }
      std::this_thread::yield();
    }
    return false;
  }
};

TEST_F(RequestTest, ADumpAtASignalLeavesTheProcessAlone) {
  auto target = TargetProcess::spawn(
      "crashes", options({{"XGOPS_CRASH_DUMP", file().string()}, {"XGOPS_DUMP_SIGNAL", "QUIT"}}));
  ASSERT_TRUE(target.wait_ready()) << target.log();

  for (std::size_t i = 1; i <= 20; ++i) {
    ASSERT_EQ(::kill(target.pid(), SIGQUIT), 0);
    ASSERT_TRUE(wait_for_dumps(file(), i)) << read_text(file());
    ASSERT_EQ(target.ask("still there?"), "still here") << target.log();
  }

  const Json dump = symbolize(file());
  EXPECT_EQ(dump["dump"]["cause"], "request");
  EXPECT_EQ(string_at(dump["dump"], "id"), target.pid_text() + ".20");
  EXPECT_EQ(dump["dump"]["signal"]["name"], "SIGQUIT");
  EXPECT_EQ(dump["dump"]["signal"]["sender"], ::getpid());
  EXPECT_TRUE(dump["dump"]["complete"]) << dump["dump"];
  EXPECT_GE(position_of(thread_named(dump, "sleeps"), "wait_for_the_mutex"), 0) << dump;
  EXPECT_EQ(target.finish(), 6);
}

TEST_F(RequestTest, AProcessThatIsAskedCanStillCrash) {
  auto target = TargetProcess::spawn(
      "crashes", options({{"XGOPS_CRASH_DUMP", file().string()}, {"XGOPS_DUMP_SIGNAL", "USR2"}}));
  ASSERT_TRUE(target.wait_ready()) << target.log();
  ASSERT_EQ(::kill(target.pid(), SIGUSR2), 0);
  ASSERT_TRUE(wait_for_dumps(file(), 1)) << read_text(file());

  ASSERT_EQ(::kill(target.pid(), SIGABRT), 0);

  EXPECT_EQ(target.wait(), 128 + SIGABRT);
  const Json dump = symbolize(file());
  EXPECT_EQ(string_at(dump["dump"], "id"), target.pid_text() + ".2");
  EXPECT_EQ(dump["dump"]["cause"], "crash");
  EXPECT_EQ(dump["dump"]["signal"]["sender"], ::getpid());
}

TEST_F(RequestTest, WorkersOfTheKernelLackNothing) {
  auto target = TargetProcess::spawn(
      "kernel_workers",
      options({{"XGOPS_CRASH_DUMP", file().string()}, {"XGOPS_DUMP_SIGNAL", "QUIT"}}));
  ASSERT_TRUE(target.wait_ready()) << target.log();
  if (!target.fact("workers").value("allowed", false)) {
    GTEST_SKIP() << "io_uring is forbidden here";
  }

  ASSERT_EQ(::kill(target.pid(), SIGQUIT), 0);
  ASSERT_TRUE(wait_for_dumps(file(), 1)) << read_text(file());

  const Json dump = symbolize(file());
  EXPECT_EQ(symbolized_.status, 0) << describe(symbolized_);
  const Json worker = thread_named(dump, "iou-wrk-" + target.pid_text());
  EXPECT_EQ(string_at(worker, "status"), "exact") << dump["threads"];
  EXPECT_EQ(string_at(worker, "method"), "none");
  EXPECT_EQ(string_at(worker, "state"), "sleeping");
}

TEST_F(RequestTest, TasksAreInTheDump) {
  TargetOptions options;
  options.environment = {{"XGOPS_CRASH_DUMP", file().string()}};
  auto target = TargetProcess::spawn("asio_workload", std::move(options));
  ASSERT_TRUE(target.wait_ready()) << target.log();
  ASSERT_TRUE(target.ask("park 100")) << target.log();
  const Json live = target.xgops_json({"stack", "--tasks"});
  ASSERT_EQ(live["tasks"].size(), 1U);

  ASSERT_EQ(::kill(target.pid(), SIGABRT), 0);
  ASSERT_EQ(target.wait(), 128 + SIGABRT);

  const Json dump = symbolize(file());
  ASSERT_TRUE(dump.is_object()) << describe(symbolized_);
  ASSERT_EQ(dump["tasks"].size(), 1U) << dump["tasks"];
  const Json& task = dump["tasks"][0];
  EXPECT_EQ(task["count"], live["tasks"][0]["count"]);
  EXPECT_EQ(task["count"], 100);
  EXPECT_EQ(task["wait"]["reason"], live["tasks"][0]["wait"]["reason"]);
  EXPECT_EQ(task["frames"], live["tasks"][0]["frames"]);
  EXPECT_EQ(task["created"], live["tasks"][0]["created"]);
  EXPECT_EQ(task["state"], live["tasks"][0]["state"]);
  // And without any tool.
  EXPECT_TRUE(std::regex_search(read_text(file()), std::regex(" wait=timer ")))
      << read_text(file());
}

}  // namespace
}  // namespace xgops::test
