// SPDX-License-Identifier: MIT
// `xgops symbolize`: what a dump is printed as.
#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "cli/support/sample_dump.hpp"
#include "output/dump_text.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::cli {
namespace {

class SymbolizeCommandTest : public testing::Test {
 protected:
  test::CliResult symbolize(const std::string& text, const std::vector<std::string>& options = {}) {
    const auto file = directory_.path() / "dump";
    std::ofstream(file, std::ios::binary) << text;
    std::vector<std::string> arguments{"symbolize", file.string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return test::run_cli(directory_.path(), arguments);
  }

  const test::TempDir directory_;
};

TEST_F(SymbolizeCommandTest, PrintsWhoCrashedFirst) {
  const auto result = symbolize(test::sample_dump(), {"--no-symbols"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  EXPECT_EQ(result.err, "");
  test::expect_golden("symbolize.txt", result.out);
}

TEST_F(SymbolizeCommandTest, NamesNoSignalWhereTheAgentWroteByItself) {
  std::string text = test::sample_dump();
  const std::string_view signal = "cause=crash signal=11 code=1 address=0x10";
  text.replace(text.find(signal), signal.size(), "cause=request signal=0 code=0 sender=0");

  const std::string out = symbolize(text, {"--no-symbols"}).out;

  EXPECT_NE(out.find("dump of process 4711 (server), written in thread 4712"), std::string::npos)
      << out;
}

TEST_F(SymbolizeCommandTest, AnswersInJsonToo) {
  const auto result = symbolize(test::sample_dump(), {"--no-symbols", "--json"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  test::expect_golden_json("symbolize.json", result.out);
}

TEST_F(SymbolizeCommandTest, SaysWhatIsMissing) {
  const std::string text = test::sample_dump();
  const auto result =
      symbolize(text.substr(0, text.find("xgops-dump 4711.1 13 ")), {"--no-symbols"});

  EXPECT_EQ(result.status, ExitStatus::kPartial);
  EXPECT_NE(result.err.find("the dump has no end"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find("cut short"), std::string::npos) << result.out;
}

TEST_F(SymbolizeCommandTest, SaysThatThereAreMoreDumps) {
  const auto result = symbolize(test::sample_dump() + test::sample_dump(), {"--no-symbols"});

  EXPECT_EQ(result.status, ExitStatus::kOk);
  EXPECT_NE(result.err.find("there are 2 dumps, this is 4711.1"), std::string::npos) << result.err;
}

TEST_F(SymbolizeCommandTest, FailsWithTheNameOfTheFile) {
  const auto nothing = symbolize("nothing\n");
  EXPECT_EQ(nothing.status, ExitStatus::kTarget);
  EXPECT_NE(nothing.err.find("/dump: there is no dump of an agent in it"), std::string::npos)
      << nothing.err;

  const auto missing = test::run_cli(directory_.path(), {"symbolize", "/no/such/file"});
  EXPECT_EQ(missing.status, ExitStatus::kTarget);
  EXPECT_NE(missing.err.find("/no/such/file"), std::string::npos) << missing.err;

  EXPECT_EQ(test::run_cli(directory_.path(), {"symbolize"}).status, ExitStatus::kUsage);
}

TEST_F(SymbolizeCommandTest, PrintsNothingThatCommandsATerminal) {
  std::string text = test::sample_dump();
  text.replace(text.find("program=server"), 14, "program=%1b[31m%0a");
  const auto result = symbolize(text, {"--no-symbols"});

  EXPECT_EQ(result.out.find('\x1b'), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("(\\x1b[31m\\x0a)"), std::string::npos) << result.out;
}

TEST(SignalNameTest, KnowsOrdinarySignals) {
  EXPECT_EQ(signal_name(11), "SIGSEGV");
  EXPECT_EQ(signal_name(31), "SIGSYS");
  EXPECT_EQ(signal_name(40), "signal 40");
  EXPECT_EQ(signal_name(0), "signal 0");
  EXPECT_EQ(signal_name(-1), "signal -1");
  EXPECT_EQ(code_words(8, 1), "integer division by zero");
  EXPECT_EQ(code_words(8, 99), "");
}

}  // namespace
}  // namespace xgops::cli
