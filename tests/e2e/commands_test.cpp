// SPDX-License-Identifier: MIT
// `xgops vitals`, `stack`, `threads` and `run` on a small program: selectors, formats, options.
#include "e2e.hpp"

#include <filesystem>
#include <fstream>
#include <regex>

#include <unistd.h>

namespace xgops::test {
namespace {

using std::string;

/// How often `part` occurs in `text`.
std::size_t count_of(const string& text, const string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != string::npos; at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

class CommandsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(target_.wait_ready()) << target_.log(); }

  TargetProcess target_ = TargetProcess::spawn("simple");
};

using VitalsTest = CommandsTest;

TEST_F(VitalsTest, PrintsTheNumbersOneLooksAtFirst) {
  const auto result = target_.xgops({"vitals", "-p", target_.pid_text()});

  ASSERT_EQ(result.status, 0) << describe(result);
  EXPECT_TRUE(contains(result.out, "tasks: 0\n")) << result.out;
  EXPECT_TRUE(contains(result.out, "OS threads: 3\n")) << result.out;
  EXPECT_TRUE(std::regex_search(result.out, std::regex("CPU count: [1-9]"))) << result.out;
  for (const char* name : {"load average: ", "RSS: ", "uptime: ", "open files: "}) {
    EXPECT_TRUE(contains(result.out, name)) << result.out;
  }
}

TEST_F(VitalsTest, AgreesWithTheKernelInJson) {
  const Json vitals = target_.xgops_json({"vitals"});

  ASSERT_TRUE(vitals.is_object());
  EXPECT_EQ(vitals["pid"], target_.pid());
  EXPECT_EQ(vitals["tasks"], 0);
  EXPECT_EQ(vitals["os_threads"], thread_ids(target_.pid()).size());
  EXPECT_EQ(vitals["cpu_count"], ::sysconf(_SC_NPROCESSORS_ONLN));
}

TEST_F(VitalsTest, WatchesUntilTheCountIsReached) {
  const auto result = target_.xgops(
      {"vitals", "-p", target_.pid_text(), "--watch", "20ms", "--count", "3", "--json"});

  ASSERT_EQ(result.status, 0) << describe(result);
  EXPECT_EQ(count_of(result.out, "\n"), 3U) << result.out;
  EXPECT_EQ(count_of(result.out, "\"os_threads\":3"), 3U) << result.out;
}

using SelectorTest = CommandsTest;

TEST_F(SelectorTest, TakesPidOptionPidArgumentAndName) {
  for (const std::vector<string>& selector :
       {std::vector<string>{"-p", target_.pid_text()},
        std::vector<string>{"--pid", target_.pid_text()}, std::vector<string>{target_.pid_text()},
        std::vector<string>{"-n", "simple"}, std::vector<string>{"--process", "sim*"}}) {
    for (const char* command : {"vitals", "stack", "threads"}) {
      std::vector<string> arguments{command, "--json"};
      arguments.insert(arguments.end(), selector.begin(), selector.end());
      const auto result = target_.xgops(arguments);
      EXPECT_EQ(result.status, 0) << command << " " << selector.back() << describe(result);
      EXPECT_EQ(parse_json(result.out)["pid"], target_.pid());
    }
  }
}

TEST_F(SelectorTest, RefusesANameThatFitsSeveral) {
  TargetOptions options;
  options.socket_directory = target_.socket_directory();
  auto second = TargetProcess::spawn("simple", options);
  ASSERT_TRUE(second.wait_ready()) << second.log();

  const auto result = target_.xgops({"vitals", "-n", "simple"});

  EXPECT_EQ(result.status, 64) << describe(result);
  EXPECT_TRUE(contains(result.err, target_.pid_text())) << result.err;
  EXPECT_TRUE(contains(result.err, second.pid_text())) << result.err;
}

using StackTest = CommandsTest;

TEST_F(StackTest, PrintsThreadsLikeGo) {
  const string worker = target_.fact("worker")["tid"].dump();

  const auto result = target_.xgops({"stack", "-p", target_.pid_text()});

  ASSERT_EQ(result.status, 0) << describe(result);
  EXPECT_TRUE(contains(result.out, "thread " + worker + " \"worker\" [pause")) << result.out;
  // Function, then the indented place; innermost first.
  const std::regex frames(
      "innermost\\(.*\\)\n +\\S*simple\\.cpp:\\d+\n +[^\n]*middle\\(.*\\)\n "
      "+\\S*simple\\.cpp:\\d+\n"
      " +[^\n]*outermost\\(.*\\)\n +\\S*simple\\.cpp:\\d+\n");
  EXPECT_TRUE(std::regex_search(result.out, frames)) << result.out;
  EXPECT_TRUE(std::regex_search(result.out, std::regex("\n3 threads in .*s, 0 interrupted\n$")))
      << result.out;
}

TEST_F(StackTest, HasTheLinesOfTheCallsInJson) {
  const auto answer = ask_for_stacks(target_);

  const Json worker = answer.thread(target_, "worker");
  ASSERT_TRUE(worker.is_object()) << describe(answer.command);
  const int position = position_of(worker, "outermost");
  ASSERT_GE(position, 0) << worker.dump(1);
  const Json& frame = worker["frames"][static_cast<std::size_t>(position)];
  // The line that calls, not the one that the call returns to.
  std::ifstream source(source_path("tests/targets/simple.cpp"));
  string line;
  for (int number = 0; number < frame["line"].get<int>(); ++number) {
    std::getline(source, line);
  }
  EXPECT_TRUE(contains(line, "middle(actor)")) << frame << "\n" << line;
  EXPECT_EQ(frame["module"], "simple");
  EXPECT_GT(frame["offset"], 0);
  EXPECT_FALSE(answer.document["modules"].empty());
}

TEST_F(StackTest, PrintsOneThreadOnRequest) {
  const auto answer = ask_for_stacks(target_, {"--thread", target_.fact("worker")["tid"].dump()});

  ASSERT_EQ(answer.document["threads"].size(), 1U) << describe(answer.command);
  EXPECT_EQ(answer.document["threads"][0]["name"], "worker");
}

TEST_F(StackTest, HasNoMoreFramesThanAskedFor) {
  const auto answer = ask_for_stacks(target_, {"--max-frames", "2"});

  EXPECT_EQ(answer.command.status, 0) << describe(answer.command);
  EXPECT_EQ(answer.thread(target_, "worker")["frames"].size(), 2U);
  EXPECT_EQ(answer.thread(target_, "worker")["truncated"], true);
}

TEST_F(StackTest, ExpandsInlinedFunctionsUnlessToldOtherwise) {
  const Json with = ask_for_stacks(target_).thread(target_, "worker");
  const Json without = ask_for_stacks(target_, {"--no-inlines"}).thread(target_, "worker");

  const auto inlined = [](const Json& thread) {
    return std::count_if(thread["frames"].begin(), thread["frames"].end(),
                         [](const Json& frame) { return frame["inlined"] == true; });
  };
  EXPECT_EQ(inlined(without), 0);
  EXPECT_GE(with["frames"].size(), without["frames"].size());
}

TEST_F(StackTest, WritesToAFile) {
  TempDir directory;
  const string file = (directory.path() / "stacks").string();

  const auto result = target_.xgops({"stack", "-p", target_.pid_text(), "-o", file});

  ASSERT_EQ(result.status, 0) << describe(result);
  EXPECT_EQ(result.out, "");
  std::ifstream stream(file);
  const string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_TRUE(contains(text, "innermost")) << text;
}

TEST_F(StackTest, FoldsForFlameGraphs) {
  const auto result = target_.xgops({"stack", "-p", target_.pid_text(), "--format", "folded"});

  ASSERT_EQ(result.status, 0) << describe(result);
  // name;outermost;...;innermost count
  EXPECT_TRUE(std::regex_search(
      result.out, std::regex("(^|\n)worker;[^\n]*outermost[^\n;]*;[^\n]*middle[^\n;]*;[^\n]*"
                             "innermost[^\n;]*;[^\n]*pause 1\n")))
      << result.out;
}

TEST(GroupingTest, MergesEqualStacksUnlessToldOtherwise) {
  TargetOptions options;
  options.arguments = {"30"};
  auto target = TargetProcess::spawn("many_threads", options);
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto grouped = target.xgops({"stack", "-p", target.pid_text()});
  const auto single = target.xgops({"stack", "-p", target.pid_text(), "--no-group"});

  ASSERT_EQ(grouped.status, 0) << describe(grouped);
  EXPECT_TRUE(std::regex_search(grouped.out, std::regex("\n[2-9]\\d* threads [^\n]*\"waiter\"")))
      << grouped.out;
  EXPECT_LT(count_of(grouped.out, "\"waiter\""), 30U);
  EXPECT_EQ(count_of(single.out, "\"waiter\""), 30U);
  EXPECT_TRUE(contains(grouped.out, "\n32 threads in ")) << grouped.out;
}

using ThreadsTest = CommandsTest;

TEST_F(ThreadsTest, PrintsATable) {
  const auto result = target_.xgops({"threads", "-p", target_.pid_text()});

  ASSERT_EQ(result.status, 0) << describe(result);
  EXPECT_TRUE(std::regex_search(result.out, std::regex("TID +NAME +STATE +CPU +FOR +WAIT +OWNER")))
      << result.out;
  EXPECT_TRUE(std::regex_search(result.out, std::regex(target_.fact("worker")["tid"].dump() +
                                                       " +worker +sleeping +.* pause")))
      << result.out;
  EXPECT_TRUE(std::regex_search(
      result.out, std::regex(target_.pid_text() + " +simple +sleeping +.* pipe read, fd 0")))
      << result.out;
}

TEST_F(CommandsTest, ColorsOnlyWhenTold) {
  const std::vector<string> stack{"stack", "-p", target_.pid_text()};
  const auto with = [&](const string& when) {
    auto arguments = stack;
    arguments.push_back("--color=" + when);
    return target_.xgops(arguments).out;
  };

  EXPECT_FALSE(contains(target_.xgops(stack).out, "\x1b["));  // Into a pipe.
  EXPECT_FALSE(contains(with("auto"), "\x1b["));
  EXPECT_FALSE(contains(with("never"), "\x1b["));
  EXPECT_TRUE(contains(with("always"), "\x1b["));
}

TEST(RunTest, StartsAProgramWithTheAgentAndStepsAside) {
  TargetOptions options;
  options.launch = Launch::kRun;
  auto target = TargetProcess::spawn("simple", options);
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  // The same PID: `xgops run` became the program.
  EXPECT_EQ(answer.command.status, 0) << describe(answer.command);
  EXPECT_TRUE(has_function(answer.thread(target, "worker"), "innermost"));
  EXPECT_EQ(target.finish(), 0);
}

TEST(RunTest, PassesTheExitStatusAndArgumentsOn) {
  TempDir sockets;
  const auto result = run_xgops(
      sockets.path(), {"run", "--", "/bin/sh", "-c", "echo $1; exit 7", "sh", "--not-for-xgops"});

  EXPECT_EQ(result.status, 7) << describe(result);
  EXPECT_EQ(result.out, "--not-for-xgops\n");
}

TEST(KillSwitchTest, KeepsTheAgentOut) {
  TargetOptions options;
  options.environment = {{"XGOPS", "0"}};
  auto target = TargetProcess::spawn("simple", options);
  ASSERT_TRUE(target.wait_ready()) << target.log();

  EXPECT_EQ(thread_ids(target.pid()).size(), 2U);
  EXPECT_TRUE(std::filesystem::is_empty(target.socket_directory()));
  EXPECT_EQ(target.xgops({"vitals", "-p", target.pid_text()}).status, 2);
}

}  // namespace
}  // namespace xgops::test
