// SPDX-License-Identifier: MIT
// Tests of the test support: what it promises about deadlines, endings and cleaning up.
#include "support/command.hpp"
#include "support/json.hpp"
#include "support/paths.hpp"
#include "support/target_process.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::test {
namespace {

using std::chrono::milliseconds;

TEST(TempDirTest, RemovesItselfWithItsFiles) {
  std::filesystem::path path;
  {
    TempDir directory;
    path = directory.path();
    std::ofstream(path / "file") << "text";
    ASSERT_TRUE(std::filesystem::exists(path / "file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(RunCommandTest, ReturnsStatusAndBothStreams) {
  const auto result = run_command({{"/bin/sh", "-c", "cat; echo oops >&2; exit 3"}, {}, {}, "in"});

  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.out, "in");
  EXPECT_EQ(result.err, "oops\n");
  EXPECT_FALSE(result.timed_out);
}

TEST(RunCommandTest, KillsACommandAtItsDeadline) {
  const auto result =
      run_command({{"/bin/sh", "-c", "echo begun; kill -STOP $$"}}, milliseconds(300));

  EXPECT_TRUE(result.timed_out) << describe(result);
  EXPECT_EQ(result.status, -1);
}

TEST(RunCommandTest, ReportsTheSignalThatKilled) {
  const auto result = run_command({{"/bin/sh", "-c", "kill -9 $$"}});

  EXPECT_EQ(result.status, 128 + SIGKILL);
}

TEST(RunCommandTest, SetsAndRemovesVariables) {
  Command command;
  command.arguments = {"/bin/sh", "-c", "echo ${ADDED-none} ${HOME-none}"};
  command.environment = {{"ADDED", "value"}, {"HOME", std::nullopt}};

  EXPECT_EQ(run_command(command).out, "value none\n");
}

TEST(RunCommandTest, ThrowsWhenThereIsNoSuchProgram) {
  EXPECT_THROW((void)run_command({{"/no/such/program"}}), std::system_error);
}

TEST(TargetProcessTest, CollectsFactsUntilTheReadyLine) {
  TargetOptions options;
  options.launch = Launch::kPlain;
  options.arguments = {"-c",
                       R"(echo '{"name":"a","tid":7}'; echo ready; read x; echo "got $x"; cat)"};
  auto target = TargetProcess::spawn_program("/bin/sh", options);

  ASSERT_TRUE(target.wait_ready()) << target.log();
  EXPECT_EQ(target.fact("a").value("tid", 0), 7);
  EXPECT_EQ(target.ask("text"), "got text");
  EXPECT_EQ(target.finish(), 0);
}

TEST(TargetProcessTest, IsNotReadyWhenTheProgramEnds) {
  TargetOptions options;
  options.launch = Launch::kPlain;
  options.arguments = {"-c", "echo broken >&2; exit 1"};
  auto target = TargetProcess::spawn_program("/bin/sh", options);

  EXPECT_FALSE(target.wait_ready());
  EXPECT_NE(target.log().find("broken"), std::string::npos);
}

TEST(TargetProcessTest, KillsTheWholeProcessGroupAtTheEnd) {
  int grandchild = -1;
  {
    TargetOptions options;
    options.launch = Launch::kPlain;
    options.arguments = {
        "-c", R"(sh -c 'kill -STOP $$' & echo '{"name":"c","tid":'$!'}'; echo ready; wait)"};
    auto target = TargetProcess::spawn_program("/bin/sh", options);
    ASSERT_TRUE(target.wait_ready()) << target.log();
    grandchild = static_cast<int>(::syscall(SYS_pidfd_open, target.fact("c").value("tid", 0), 0));
    ASSERT_GE(grandchild, 0) << target.log();
  }
  pollfd ended{grandchild, POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
  ::close(grandchild);
}

TEST(JsonTest, FindsThreadsAndFunctions) {
  const Json document = parse_json(
      R"json({"threads":[{"tid":1,"frames":[{"function":"f(int)"},{"function":null},{"x":1}]}]})json");

  EXPECT_EQ(function_names(find_thread(document, 1)), (std::vector<std::string>{"f(int)", "", ""}));
  EXPECT_TRUE(has_function(find_thread(document, 1), "f("));
  EXPECT_TRUE(find_thread(document, 2).is_null());
  EXPECT_TRUE(parse_json("{").is_discarded());
}

TEST(FindProgramTest, SearchesThePath) {
  EXPECT_TRUE(find_program("sh"));
  EXPECT_FALSE(find_program("no-such-program-anywhere"));
}

}  // namespace
}  // namespace xgops::test
