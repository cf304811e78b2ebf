// SPDX-License-Identifier: MIT
// `xgops run`: what the program gets, and which programs are refused.
#include "support/command.hpp"
#include "support/paths.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace xgops::cli {
namespace {

/// A library that can be preloaded anywhere and does nothing there.
std::string harmless_library() {
  for (const char* path : {"/lib/x86_64-linux-gnu/libm.so.6", "/lib64/libm.so.6"}) {
    if (std::filesystem::exists(path)) {
      return path;
    }
  }
  return "/lib/libm.so.6";
}

test::CommandResult run(std::vector<std::string> arguments, test::Environment environment = {}) {
  test::Command command;
  command.arguments = {test::xgops_path(), "run", "--agent", harmless_library()};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  command.environment = std::move(environment);
  return test::run_command(command);
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(RunCommandTest, BecomesTheProgram) {
  const auto result = run({"--", "sh", "-c", "echo \"$1\"; exit 7", "sh", "--help"});

  EXPECT_EQ(result.status, 7) << test::describe(result);
  EXPECT_EQ(result.out, "--help\n");
  EXPECT_EQ(result.err, "");
}

TEST(RunCommandTest, TakesOptionsOnlyBeforeTheProgram) {
  EXPECT_EQ(run({"echo", "--json", "--", "-n"}).out, "--json -- -n\n");
}

TEST(RunCommandTest, TellsTheAgentThroughTheEnvironment) {
  const auto result =
      run({"--dir", "/tmp/sockets", "--log", "/tmp/log", "--signal", "60", "--fork", "silent",
           "--no-follow", "--crash-dump", "crash.%p", "--dump-signal", "QUIT", "--", "env"},
          {{"LD_PRELOAD", std::nullopt}});

  EXPECT_TRUE(has_line(result.out, "LD_PRELOAD=" + harmless_library())) << test::describe(result);
  EXPECT_TRUE(has_line(result.out, "XGOPS_DIR=/tmp/sockets"));
  EXPECT_TRUE(has_line(result.out, "XGOPS_LOG=/tmp/log"));
  EXPECT_TRUE(has_line(result.out, "XGOPS_SIGNAL=60"));
  EXPECT_TRUE(has_line(result.out, "XGOPS_FORK=silent"));
  EXPECT_TRUE(has_line(result.out, "XGOPS_FOLLOW_EXEC=0"));
  EXPECT_TRUE(has_line(result.out, "XGOPS_CRASH_DUMP=crash.%p"));
  EXPECT_TRUE(has_line(result.out, "XGOPS_DUMP_SIGNAL=QUIT"));
}

TEST(RunCommandTest, LeavesOutWhatWasNotAskedFor) {
  const auto result = run({"--", "env"}, {{"XGOPS_DIR", std::nullopt}});

  EXPECT_EQ(result.out.find("XGOPS_"), std::string::npos) << result.out;
}

TEST(RunCommandTest, KeepsOtherPreloadedLibraries) {
  // One that does not exist is ignored by the loader, with a remark, also under a sanitizer.
  const auto result = run({"--", "env"}, {{"LD_PRELOAD", "/nonexistent/lib.so"}});

  EXPECT_TRUE(has_line(result.out, "LD_PRELOAD=" + harmless_library() + ":/nonexistent/lib.so"))
      << test::describe(result);
}

TEST(RunCommandTest, WarnsThatTheAgentIsTurnedOff) {
  const auto result = run({"--", "true"}, {{"XGOPS", "0"}});

  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.err.find("XGOPS=0 is set"), std::string::npos) << result.err;
}

TEST(RunCommandTest, RefusesWhatCannotBeStarted) {
  const test::TempDir directory;

  const auto missing = run({"--", "no-such-program-anywhere"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_NE(missing.err.find("there is no such program"), std::string::npos) << missing.err;
  EXPECT_EQ(run({"--", directory.path()}).status, 3);
}

TEST(RunCommandTest, RefusesAStaticProgramUnlessForced) {
  const auto ldconfig = test::find_program("ldconfig.real");
  const std::string program = ldconfig ? ldconfig->string() : "/sbin/ldconfig";

  const auto refused = run({"--", program, "--version"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(
      refused.err.find(program + " cannot run with a preloaded agent: it is statically linked"),
      std::string::npos)
      << refused.err;
  EXPECT_EQ(run({"--force", "--", program, "--version"}).status, 0);
}

TEST(RunCommandTest, RefusesSettingsWithWhichNoAgentWouldStart) {
  const test::TempDir directory;
  const auto open_to_all = directory.path() / "open";
  std::filesystem::create_directory(open_to_all);
  std::filesystem::permissions(open_to_all, std::filesystem::perms::all);
  const std::string beside = (directory.path() / "none" / "sockets").string();
  struct Mistake {
    std::vector<std::string> options;
    std::string says;
  };
  const std::vector<Mistake> mistakes{
      {{"--signal", "9"}, "--signal 9 is no realtime signal"},
      {{"--dump-signal", "SEGV"}, "--dump-signal SEGV cannot be handled"},
      {{"--dump-signal", "KILL"}, "--dump-signal KILL cannot be handled"},
      {{"--dump-signal", "NONSENSE"}, "--dump-signal NONSENSE cannot be handled"},
      {{"--dump-signal", "62"}, "by which running threads are read"},
      {{"--signal", "60", "--dump-signal", "60"}, "by which running threads are read"},
      {{"--dir", "sockets"}, "--dir sockets is not an absolute path"},
      {{"--dir", open_to_all.string()}, "is no directory of yours alone"},
      {{"--dir", beside}, "cannot be made"},
  };
  for (const Mistake& mistake : mistakes) {
    std::vector<std::string> arguments = mistake.options;
    arguments.insert(arguments.end(), {"--", "echo", "it ran"});

    const auto result = run(std::move(arguments));

    EXPECT_NE(result.status, 0) << mistake.says;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find(mistake.says), std::string::npos) << result.err;
  }
  EXPECT_EQ(run({"--dump-signal", "SIGUSR2", "--signal", "62", "--", "true"}).status, 0);
}

test::CommandResult run_with_agent(const std::filesystem::path& directory,
                                   const std::string& agent) {
  test::Command command;
  command.arguments = {test::xgops_path(), "run", "--agent", agent, "--", "env"};
  command.environment = {{"LD_PRELOAD", std::nullopt}};
  command.working_directory = directory;
  return test::run_command(command);
}

TEST(RunCommandTest, RefusesAnAgentThatLdPreloadCannotName) {
  const test::TempDir directory;
  std::filesystem::create_symlink(harmless_library(), directory.path() / "with blank.so");

  const auto result = run_with_agent(directory.path(), "with blank.so");

  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("LD_PRELOAD cannot carry the path"), std::string::npos) << result.err;
}

TEST(RunCommandTest, RefusesAnAgentThatIsNotThere) {
  const test::TempDir directory;

  const auto result = run_with_agent(directory.path(), "missing.so");

  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("cannot read the agent's library, missing.so"), std::string::npos)
      << result.err;
}

TEST(RunCommandTest, TakesTheAgentFromTheDirectoryOfNow) {
  const test::TempDir directory;
  const auto path = directory.path() / "agent.so";
  std::filesystem::create_symlink(harmless_library(), path);

  const auto result = run_with_agent(directory.path(), "./agent.so");

  EXPECT_TRUE(has_line(result.out, "LD_PRELOAD=" + path.string())) << test::describe(result);
}

}  // namespace
}  // namespace xgops::cli
