// SPDX-License-Identifier: MIT
// Usage: options, help, and mistakes that people make.
#include "app.hpp"

#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "commands/command.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

class AppTest : public testing::Test {
 protected:
  test::CliResult xgops(const std::vector<std::string>& arguments) const {
    return test::run_cli(directory_.path(), arguments);
  }
  void expect_usage_error(const std::vector<std::string>& arguments,
                          const std::string& message) const {
    const test::CliResult result = xgops(arguments);
    EXPECT_EQ(result.status, ExitStatus::kUsage) << result.out << result.err;
    EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
  }

  test::TempDir directory_;
};

TEST_F(AppTest, HelpIsTheSameWhereverItIsAskedFor) {
  const test::CliResult result = xgops({"--help"});

  EXPECT_EQ(result.status, ExitStatus::kOk);
  test::expect_golden("help.txt", result.out);
  EXPECT_EQ(xgops({"help"}).out, result.out);
  EXPECT_EQ(xgops({"-h"}).out, result.out);
}

TEST_F(AppTest, EveryCommandHasHelpWithExamples) {
  for (const Command& command : all_commands()) {
    const std::string name(command.name);
    const test::CliResult result = xgops({name, "--help"});

    EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
    if (!command.hidden && name != "list") {
      test::expect_golden("help-" + name + ".txt", result.out);
      EXPECT_NE(result.out.find("Examples:"), std::string::npos) << name;
      EXPECT_EQ(xgops({"help", name}).out, result.out);
    }
  }
}

TEST_F(AppTest, EveryVisibleCommandIsOfferedByHelp) {
  std::vector<std::string> names;
  for (const Command& command : all_commands()) {
    if (!command.hidden) {
      names.emplace_back(command.name);
    }
  }

  EXPECT_EQ(describe(help_command()).arguments.at(0).choices, names);
}

TEST_F(AppTest, PrintsItsVersion) {
  EXPECT_EQ(xgops({"--version"}).out.substr(0, 6), "xgops ");
  EXPECT_EQ(xgops({"stack", "-V"}).out, xgops({"--version"}).out);
}

TEST_F(AppTest, ExplainsMistakes) {
  expect_usage_error({"stak"}, "there is no command 'stak'");
  expect_usage_error({"stak", "4711"}, "there is no command 'stak'");
  expect_usage_error({"4711"}, "`xgops stack 4711`");
  expect_usage_error({"stack"}, "which process?");
  expect_usage_error({"stack", "abc"}, "'abc' is not a PID");
  expect_usage_error({"stack", "-p", "0"}, "'0' is not a PID");
  expect_usage_error({"stack", "-p", "-5"}, "'-5' is not a PID");
  expect_usage_error({"stack", "-p", "99999999999"}, "'99999999999' is not a PID");
  expect_usage_error({"stack", "1", "-n", "x"}, "more than one process");
  expect_usage_error({"stack", "1", "2"}, "2");
  expect_usage_error({"stack", "1", "--format", "xml"}, "'xml' is none of text, json, folded");
  expect_usage_error({"stack", "1", "--max-frames", "0"}, "'0' is not a number from 1 to 1024");
  expect_usage_error({"stack", "1", "--frames"}, "--frames");
  expect_usage_error({"stack", "1", "--", "x"}, "nothing may follow --");
  expect_usage_error({"vitals", "1", "--watch", "soon"}, "'soon' is not a duration");
  expect_usage_error({"vitals", "1", "--watch", "1ms"}, "'1ms' is less than 10ms");
  expect_usage_error({"list", "--color", "red"}, "'red' is none of auto, always, never");
  expect_usage_error({"help", "me"}, "there is no command 'me'");
  expect_usage_error({"completion"}, "which shell?");
  expect_usage_error({"completion", "tcsh"}, "no completions for 'tcsh'");
  expect_usage_error({"run"}, "which program?");
  expect_usage_error({"run", "--"}, "which program?");
  expect_usage_error({"run", "--dir", "relative", "--", "/bin/true"}, "not an absolute path");
}

TEST_F(AppTest, ExplainsMistakesInJsonToo) {
  const test::CliResult result = xgops({"stack", "--json", "--no-such-option"});

  EXPECT_EQ(result.status, ExitStatus::kUsage);
  EXPECT_EQ(result.out.find("{\"schema\":\"xgops.error/1\""), 0U) << result.out;
  EXPECT_NE(result.err.find("--no-such-option"), std::string::npos) << result.err;
}

TEST_F(AppTest, ExplainsProcessesThatCannotBeInspected) {
  const test::CliResult none = xgops({"stack", "-p", "2147483647"});
  EXPECT_EQ(none.status, ExitStatus::kTarget);
  EXPECT_NE(none.err.find("no process 2147483647"), std::string::npos) << none.err;

  const std::string self = std::to_string(::getpid());
  const test::CliResult plain = xgops({"stack", "-p", self});
  EXPECT_EQ(plain.status, ExitStatus::kTarget);
  EXPECT_NE(plain.err.find("no xgops agent in process " + self), std::string::npos) << plain.err;
  EXPECT_NE(plain.err.find("xgops run -- PROGRAM"), std::string::npos);

  test::CliOptions stranger;
  stranger.uid = ::geteuid() + 1;
  const test::CliResult denied = test::run_cli(directory_.path(), {"stack", "-p", self}, stranger);
  EXPECT_EQ(denied.status, ExitStatus::kPermission);
  EXPECT_NE(denied.err.find("belongs to"), std::string::npos) << denied.err;
}

TEST_F(AppTest, RecognizesAZombie) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);

  const test::CliResult result = xgops({"stack", "-p", std::to_string(child)});

  EXPECT_NE(result.err.find("has ended and waits for its parent"), std::string::npos) << result.err;
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST_F(AppTest, DocumentsAreJsonToo) {
  for (const char* command : {"help", "man"}) {
    const std::string out = xgops({command, "--json"}).out;
    EXPECT_EQ(out.find(std::string("{\"schema\":\"xgops.") + command + "/1\""), 0U) << out;
  }
}

TEST_F(AppTest, TheManPageListsCommandsAndExitStatuses) {
  const std::string page = xgops({"man"}).out;

  for (const Command& command : all_commands()) {
    const std::string heading = ".SS \"xgops " + std::string(command.name) + "\"";
    EXPECT_EQ(page.find(heading) == std::string::npos, command.hidden) << heading;
  }
  EXPECT_NE(page.find(".SH EXIT STATUS"), std::string::npos);
}

TEST_F(AppTest, CompletionsKnowEveryCommandAndOption) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = xgops({"completion", shell}).out;
    for (const Command& command : all_commands()) {
      if (command.hidden) {
        continue;
      }
      EXPECT_NE(script.find(command.name), std::string::npos) << shell;
      for (const OptionModel& option : describe(command).options) {
        EXPECT_NE(script.find(option.long_name.substr(2)), std::string::npos)
            << shell << " " << option.long_name;
      }
    }
  }
}

}  // namespace
}  // namespace xgops::cli
