// SPDX-License-Identifier: MIT
// What the tool says about itself: help, man page, completions, schemas of its JSON.
#include "e2e.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace xgops::test {
namespace {

using std::string;
namespace fs = std::filesystem;

class DocumentsTest : public testing::Test {
 protected:
  [[nodiscard]] CommandResult xgops(std::vector<string> arguments) const {
    return run_xgops(sockets_.path(), std::move(arguments));
  }

  TempDir sockets_;
};

TEST_F(DocumentsTest, HelpNamesEveryCommandAndEveryExitStatus) {
  const auto result = xgops({"--help"});

  ASSERT_EQ(result.status, 0) << describe(result);
  for (const char* command : {"list", "vitals", "stack", "threads", "run", "completion"}) {
    EXPECT_TRUE(contains(result.out, command)) << command << "\n" << result.out;
  }
}

TEST_F(DocumentsTest, HelpOfACommandHasExamples) {
  for (const char* command : {"list", "vitals", "stack", "threads", "run"}) {
    const auto result = xgops({command, "--help"});
    ASSERT_EQ(result.status, 0) << describe(result);
    EXPECT_TRUE(contains(result.out, command)) << result.out;
    EXPECT_TRUE(contains(result.out, "xample")) << result.out;
  }
}

TEST_F(DocumentsTest, VersionIsTheAgentsVersion) {
  auto target = TargetProcess::spawn("simple");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto result = xgops({"--version"});

  ASSERT_EQ(result.status, 0) << describe(result);
  const string agent = string_at(target.xgops_json({"vitals"}), "agent");
  EXPECT_TRUE(!agent.empty() && contains(result.out, agent)) << result.out << agent;
}

TEST_F(DocumentsTest, ManPageIsWellFormed) {
  XGOPS_REQUIRE_PROGRAM("man");
  Command command;
  TempDir directory;
  const auto page = xgops({"man"});
  ASSERT_EQ(page.status, 0) << describe(page);
  const fs::path file = directory.path() / "xgops.1";
  std::ofstream(file) << page.out;
  command.arguments = {"man", "--warnings=w", "-l", file.string()};
  command.environment = {{"MANWIDTH", "80"}, {"LC_ALL", "C.UTF-8"}};

  const auto result = run_command(command);

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(contains(result.out, "EXIT STATUS")) << result.out;
  EXPECT_TRUE(contains(result.out, "xgops")) << result.out;
}

class CompletionTest : public DocumentsTest, public testing::WithParamInterface<const char*> {};

TEST_P(CompletionTest, IsAcceptedByItsShell) {
  const string shell = GetParam();
  const auto script = xgops({"completion", shell});
  ASSERT_EQ(script.status, 0) << describe(script);
  ASSERT_FALSE(script.out.empty());
  XGOPS_REQUIRE_PROGRAM(shell);
  TempDir directory;
  const string file = (directory.path() / "completion").string();
  std::ofstream(file) << script.out;

  const auto result = run_command({{shell, "-n", file}});

  EXPECT_EQ(result.status, 0) << describe(result);
}

INSTANTIATE_TEST_SUITE_P(Shells, CompletionTest, testing::Values("bash", "zsh", "fish"),
                         [](const auto& parameter) { return string(parameter.param); });

TEST_F(DocumentsTest, BashCompletesCommandsAndLivePids) {
  XGOPS_REQUIRE_PROGRAM("bash");
  auto target = TargetProcess::spawn("simple");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  // As bash does at a Tab: fills COMP_WORDS, calls the function, reads COMPREPLY.
  const string script =
      "PATH=$1:$PATH; source <(xgops completion bash); shift\n"
      "function_name=$(complete -p xgops | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\n"
      "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMP_LINE=\"$*\"; COMP_POINT=${#COMP_LINE}\n"
      "$function_name xgops \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "printf '%s\\n' \"${COMPREPLY[@]}\"\n";
  const auto complete = [&](std::vector<string> words) {
    Command command;
    command.arguments = {"bash", "-c", script, "bash", xgops_path().parent_path().string()};
    command.arguments.insert(command.arguments.end(), words.begin(), words.end());
    command.environment = {{"XGOPS_DIR", target.socket_directory().string()}};
    return run_command(command).out;
  };

  EXPECT_TRUE(contains(complete({"xgops", "st"}), "stack"));
  EXPECT_TRUE(contains(complete({"xgops", "stack", "-p", ""}), target.pid_text()))
      << complete({"xgops", "stack", "-p", ""});
  EXPECT_TRUE(contains(complete({"xgops", "stack", "--for"}), "--format"));
}

/// The schema file that says what `document` must look like.
fs::path schema_of(const Json& document) {
  const string name = string_at(document, "schema");
  for (const auto& entry : fs::recursive_directory_iterator(source_path("gops-cli/schema"))) {
    std::ifstream stream(entry.path());
    const string text{std::istreambuf_iterator<char>(stream), {}};
    if (!name.empty() && contains(text, "\"" + name + "\"")) {
      return entry.path();
    }
  }
  return {};
}

/// Whether the JSON texts are what their schemas promise. One interpreter for all: it starts
/// slowly.
testing::AssertionResult are_valid(const std::vector<CommandResult>& results) {
  TempDir directory;
  Command command;
  command.arguments = {"python3", "-c",
                       "import json, sys, jsonschema\n"
                       "for schema, document in zip(sys.argv[1::2], sys.argv[2::2]):\n"
                       "    schema = json.load(open(schema))\n"
                       "    validator = jsonschema.validators.validator_for(schema)\n"
                       "    validator.check_schema(schema)\n"
                       "    validator(schema).validate(json.load(open(document)))\n"};
  for (const CommandResult& result : results) {
    const fs::path schema = schema_of(parse_json(result.out));
    if (schema.empty()) {
      return testing::AssertionFailure() << "no schema for " << describe(result);
    }
    const fs::path file = directory.path() / std::to_string(command.arguments.size());
    std::ofstream(file) << result.out;
    command.arguments.insert(command.arguments.end(), {schema.string(), file.string()});
  }
  const auto validation = run_command(command);
  if (validation.status == 0) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << describe(validation);
}

class SchemaTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    XGOPS_REQUIRE_PROGRAM("python3");
    if (run_command({{"python3", "-c", "import jsonschema"}}).status != 0) {
      GTEST_SKIP() << "needs the Python module jsonschema";
    }
  }
};

TEST_P(SchemaTest, HoldsForEveryCommand) {
  auto target = TargetProcess::spawn(GetParam());
  ASSERT_TRUE(target.wait_ready()) << target.log();

  std::vector<CommandResult> answers{target.xgops({"list", "--json"}),
                                     target.xgops({"list", "--all", "--json"})};
  for (const char* command : {"vitals", "stack", "threads"}) {
    answers.push_back(target.xgops({command, "--json", "-p", target.pid_text()}));
  }
  EXPECT_TRUE(are_valid(answers));
}

INSTANTIATE_TEST_SUITE_P(Targets, SchemaTest,
                         testing::Values("simple", "mutexes", "synchronization", "io_waits",
                                         "running", "zombie_leader", "jit", "deep_recursion"),
                         [](const auto& parameter) { return string(parameter.param); });

TEST_F(SchemaTest, HoldsForErrors) {
  TempDir sockets;
  const auto missing = run_xgops(sockets.path(), {"stack", "--json", "-p", "4194305"});
  const auto usage = run_xgops(sockets.path(), {"stack", "--json"});

  EXPECT_EQ(missing.status, 2);
  EXPECT_EQ(usage.status, 64);
  EXPECT_TRUE(are_valid({missing, usage}));
}

TEST_F(SchemaTest, HoldsForDocuments) {
  TempDir sockets;

  EXPECT_TRUE(are_valid({run_xgops(sockets.path(), {"help", "--json"}),
                         run_xgops(sockets.path(), {"completion", "bash", "--json"})}));
}

}  // namespace
}  // namespace xgops::test
