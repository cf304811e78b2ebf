// SPDX-License-Identifier: MIT
// `xgops test`: runs a test program and names what it leaks.
#include "commands/command.hpp"
#include "commands/preload.hpp"
#include "commands/symbol_options.hpp"
#include "output/test_output.hpp"
#include "proc/files.hpp"
#include "support/failure.hpp"
#include "support/interrupt.hpp"
#include "support/output_file.hpp"
#include "testing/baseline.hpp"
#include "testing/frameworks.hpp"
#include "testing/test_runner.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

namespace xgops::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTestListTimeout{60'000};
constexpr std::chrono::hours kBaselineLife{24 * 90};

struct TestOptions {
  bool each_alone = false;
  Framework framework = Framework::kUnknown;
  milliseconds hang{0};
  milliseconds timeout{0};
  std::uint32_t jobs = 1;
  std::string junit;
  std::string sarif;
  std::string baseline;
  std::string new_baseline;
  std::string library;
};

/// A directory of ours alone, for as long as this lives.
class PrivateDirectory {
 public:
  static Result<PrivateDirectory> make() {
    const std::string temporary = environment_variable("TMPDIR");
    std::string path = (temporary.starts_with('/') ? temporary : "/tmp") + "/xgops-test-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return system_error(errno, "making " + path);
    }
    return PrivateDirectory(std::move(path));
  }
  ~PrivateDirectory() {
    std::error_code ignored;
    if (!path_.empty()) {
      std::filesystem::remove_all(path_, ignored);
    }
  }
  PrivateDirectory(PrivateDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PrivateDirectory& operator=(PrivateDirectory&&) = delete;
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  explicit PrivateDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Preloaded into a shell, the agent would tell of the shell.
Result<void> check_no_script(const std::string& program) {
  const auto begin = proc::read_file(program, 2);
  if (begin && *begin == "#!") {
    return failure(Failure::kProgram,
                   program + " is a script: its leaks would be those of its interpreter",
                   "name the test program that it runs");
  }
  return {};
}

Result<std::vector<KnownLeak>> read_baseline(const std::string& path) {
  if (path.empty()) {
    return std::vector<KnownLeak>();
  }
  const auto file = proc::read_file(path, kMaxBaselineBytes + 1);
  if (!file) {
    return file.error();
  }
  auto known = parse_baseline(*file);
  if (!known) {
    Error error = std::move(known).error();
    error.context = path + ": " + error.context;
    return error;
  }
  return known;
}

/// The tests that the program would run.
Result<std::vector<std::string>> list_tests(const TestCommand& command, Framework framework,
                                            const std::vector<std::string>& given,
                                            const InterruptGuard& interrupt) {
  TestCommand listing = command;
  listing.environment = {{"LD_PRELOAD", environment_variable("LD_PRELOAD")}};
  ListerOutput output;
  for (const bool is_retry : {false, true}) {
    if (is_retry && !wants_other_list_option(framework, output.out + output.err)) {
      break;
    }
    listing.arguments = list_arguments(framework, given, is_retry);
    listing.arguments.insert(listing.arguments.begin(), command.arguments.front());
    auto printed = output_of(listing, kTestListTimeout, interrupt);
    if (!printed) {
      return std::move(printed).error();
    }
    output = *std::move(printed);
  }
  std::vector<std::string> tests = parse_test_list(
      framework, output.out, given, environment_variable("GTEST_ALSO_RUN_DISABLED_TESTS"));
  if (tests.empty()) {
    const std::string_view said = std::string_view(output.err).substr(0, output.err.find('\n'));
    return failure(Failure::kProgram,
                   command.program + " lists no tests as a program of " +
                       std::string(name_of(framework)) + " would" +
                       (said.empty() ? "" : ", but says: " + std::string(said)),
                   "without --bisect it is run as it is; --framework says of which it is");
  }
  return tests;
}

Result<std::vector<PlannedTest>> make_plan(const TestOptions& options, const Context& context,
                                           RunnerOptions& runner, const InterruptGuard& interrupt) {
  if (!options.each_alone) {
    return std::vector<PlannedTest>{{"", context.rest}};
  }
  auto framework = options.framework != Framework::kUnknown ? options.framework
                                                            : framework_of(runner.command.program);
  if (!framework) {
    return std::move(framework).error();
  }
  runner.framework = *framework;
  const std::vector<std::string> given(context.rest.begin() + 1, context.rest.end());
  runner.command.arguments = context.rest;
  auto tests = list_tests(runner.command, *framework, given, interrupt);
  if (!tests) {
    return std::move(tests).error();
  }
  std::vector<PlannedTest> plan;
  for (std::string& test : *tests) {
    std::vector<std::string> arguments = arguments_for(*framework, given, test);
    arguments.insert(arguments.begin(), context.rest.front());
    plan.push_back({std::move(test), std::move(arguments)});
  }
  return plan;
}

std::string sanitizer_options() {
  const std::string options = environment_variable("ASAN_OPTIONS");
  return options + (options.empty() ? "" : ":") + "verify_asan_link_order=0";
}

Result<RunnerOptions> make_runner(Context& context, const TestOptions& options,
                                  const std::string& directory) {
  auto program = preloadable_program(context, context.rest.front(), false);
  if (!program) {
    return std::move(program).error();
  }
  if (auto fits = check_no_script(*program); !fits) {
    return std::move(fits).error();
  }
  auto library = agent_library(options.library);
  if (!library) {
    return std::move(library).error();
  }
  RunnerOptions runner;
  runner.command.program = *std::move(program);
  // AddressSanitizer wants to be first, and works as second. What another run of GoogleTest has set
  // is not for one test.
  runner.command.environment = {{"LD_PRELOAD", preload_list(*library)},
                                {"ASAN_OPTIONS", sanitizer_options()},
                                {"GTEST_TOTAL_SHARDS", ""},
                                {"GTEST_SHARD_INDEX", ""},
                                {"GTEST_SHARD_STATUS_FILE", ""}};
  if (!options.each_alone) {
    runner.command.environment.resize(2);
  }
  runner.command.apart = options.each_alone;
  runner.command.out_to_err = context.presentation.format == Format::kJson;
  runner.directory = directory;
  runner.jobs = options.each_alone ? options.jobs : 1;
  runner.hang = options.hang;
  runner.timeout = options.timeout;
  runner.cache_directory = cache_directory();
  runner.look_at = [&context](pid_t pid) {
    const std::string process = std::to_string(pid);
    return context.ask({"diagnose", "-p", process}) + "\n" + context.ask({"stack", "-p", process});
  };
  return runner;
}

Result<void> write_documents(const TestsReport& report, const TestOptions& options) {
  const auto now = std::chrono::system_clock::now();
  const std::pair<const std::string&, std::string> documents[]{
      {options.junit, options.junit.empty() ? "" : tests_junit(report)},
      {options.sarif, options.sarif.empty() ? "" : tests_sarif(report)},
      {options.new_baseline,
       options.new_baseline.empty() ? "" : baseline_for(report, day_of(now + kBaselineLife))}};
  for (const auto& [path, text] : documents) {
    if (!path.empty()) {
      if (auto written = write_file(path, text); !written) {
        return written;
      }
    }
  }
  return {};
}

Result<Report> run(Context& context, const TestOptions& options) {
  if (context.rest.empty()) {
    return failure(Failure::kUsage, "which test program? none was given",
                   "`xgops test -- ./tests ARGUMENT...`");
  }
  const auto known = read_baseline(options.baseline);
  if (!known) {
    return known.error();
  }
  const InterruptGuard interrupt;
  const auto directory = PrivateDirectory::make();
  if (!directory) {
    return directory.error();
  }
  auto runner = make_runner(context, options, directory->path());
  if (!runner) {
    return std::move(runner).error();
  }
  if (environment_variable("XGOPS") == "0") {
    if (auto told = context.warn({"XGOPS=0 is set: the agent stays off, and sees no leaks"});
        !told) {
      return std::move(told).error();
    }
  }
  auto plan = make_plan(options, context, *runner, interrupt);
  if (!plan) {
    return std::move(plan).error();
  }
  if (context.progress && options.each_alone) {
    runner->on_end = [&context, total = plan->size()](std::size_t count, const TestResult& test) {
      const std::string verdict = verdict_text(test);
      context.progress("[" + std::to_string(count) + "/" + std::to_string(total) + "] " +
                       test.name + (verdict.empty() ? "" : ": " + verdict));
    };
  }
  auto answer = run_tests(*plan, *runner, interrupt);
  if (runner->on_end) {
    context.progress("");
  }
  if (!answer) {
    return std::move(answer).error();
  }
  TestsReport report;
  report.program = context.rest.front();
  report.framework = std::string(name_of(runner->framework));
  report.each_alone = options.each_alone;
  report.tests = std::move(answer->results);
  report.not_run = answer->not_run;
  apply_baseline(*known, day_of(std::chrono::system_clock::now()), report);
  if (auto written = write_documents(report, options); !written) {
    return std::move(written).error();
  }
  const ExitStatus status = report.finds()        ? ExitStatus::kFindings
                            : report.is_partial() ? ExitStatus::kPartial
                                                  : ExitStatus::kOk;
  return Report{std::move(report), status};
}

Action attach_test(OptionSet& options) {
  auto parsed = std::make_shared<TestOptions>();
  options.flag("--bisect", parsed->each_alone, "Run each test alone, and say which of them leak");
  options.choice("--framework", "NAME", parsed->framework,
                 {{"gtest", Framework::kGoogleTest},
                  {"catch2", Framework::kCatch2},
                  {"doctest", Framework::kDoctest}},
                 "With --bisect: the test framework, where the program does not show it");
  options.number("--jobs", "N", parsed->jobs, 1, 256,
                 "With --bisect: so many tests at a time (default 1)");
  options.duration("--hang", parsed->hang, milliseconds(10),
                   "A test that runs for TIME hangs: show all its threads and tasks, and what "
                   "blocks them, and end it. Without --bisect for all tests together");
  options.duration("--test-timeout", parsed->timeout, milliseconds(10),
                   "The same without a look at it");
  options.text("--junit", "FILE", parsed->junit, "Write the results as JUnit's XML",
               Completes::kFile);
  options.text("--sarif", "FILE", parsed->sarif, "Write leaks and hangs as SARIF",
               Completes::kFile);
  options.text("--baseline", "FILE", parsed->baseline, "Leaks that are known, and until when",
               Completes::kFile);
  options.text("--write-baseline", "FILE", parsed->new_baseline,
               "Write such a file of the leaks that are not known", Completes::kFile);
  options.text("--agent", "FILE", parsed->library, "The agent library to preload",
               Completes::kFile);
  ArgumentModel rest;
  rest.name = "PROGRAM";
  rest.summary = "The test program and its arguments";
  rest.completes = Completes::kProgram;
  options.rest(std::move(rest));
  return [parsed](Context& context) { return run(context, *parsed); };
}

}  // namespace

Command test_command() {
  return {
      .name = "test",
      .summary = "Run a test program and name the tasks and threads that it leaks",
      .description =
          "Runs an unmodified test program with the agent preloaded. When it is about to end, by a "
          "return from main or by exit, tasks and threads that were made since its start get one "
          "second to end; those that do not are reported: how many, in which state, where, and who "
          "created them. So the program may run for a second longer. It has the streams that it "
          "has without xgops, but with --json its standard output goes to standard error. Tasks "
          "are seen in programs that link xgops::asio or xgops::boost_asio, threads in all.\n\n"
          "With --bisect it is asked for its tests, and each runs in a process of its own: of "
          "GoogleTest, Catch2 or doctest. The program's own filters choose among them; disabled, "
          "hidden and skipped tests are left out. A test that fails, crashes or hangs is said to "
          "do so.\n\n"
          "Threads that well-known libraries keep for themselves are no leaks.\n\n"
          "A baseline is a JSON file of leaks that are known. Each entry has a fingerprint, or in "
          "created_by the function that creates the leak, or both; a wait and a test if it holds "
          "only for these (all three with * and ?); a reason; and in expires the last day on which "
          "it holds, as YYYY-MM-DD. A leak that is known does not count; one whose entry has "
          "expired does. --write-baseline writes one whose reasons are to be filled in: until "
          "then it is refused.\n\n"
          "Exit status 1 means that there are leaks, or that a test fails, crashes or hangs; 2 "
          "that the program cannot be started or lists no tests; 4 that nothing was found but "
          "something could not be seen, as after _exit.",
      .examples = {{"xgops test -- ./tests", "does anything of it leak?"},
                   {"xgops test --bisect --jobs 4 -- ./tests --gtest_filter='Server*'",
                    "which of these tests leak?"},
                   {"xgops test --bisect --hang 30s --junit tests.xml -- ./tests", "for a CI"},
                   {"xgops test --bisect --baseline leaks.json --sarif leaks.sarif -- ./tests",
                    "only what is new fails"}},
      .attach = attach_test,
  };
}

}  // namespace xgops::cli
