// SPDX-License-Identifier: MIT
#include "testing/frameworks.hpp"

#include "support/failure.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <set>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

using Arguments = std::vector<std::string>;

struct Mark {
  Framework framework;
  std::string_view text;
};
// Of the library inside the program, or of the symbols that it takes from a shared one.
constexpr std::array kMarks{
    Mark{Framework::kGoogleTest, "gtest_list_tests"},
    Mark{Framework::kGoogleTest, "_ZN7testing8UnitTest"},
    Mark{Framework::kGoogleTest, "_ZN7testing14InitGoogleTest"},
    Mark{Framework::kCatch2, "list-test-names-only"},
    Mark{Framework::kCatch2, "_ZN5Catch"},
    Mark{Framework::kCatch2, "Catch2 v"},
    Mark{Framework::kDoctest, "[doctest] "},
    Mark{Framework::kDoctest, "_ZN7doctest"},
};
constexpr std::size_t kLongestMark = 32;

std::size_t index_of(Framework framework) {
  return static_cast<std::size_t>(framework) - 1;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_disabled(std::string_view test) {
  return test.starts_with("DISABLED_") || test.find("/DISABLED_") != std::string_view::npos ||
         test.find(".DISABLED_") != std::string_view::npos;
}

/// "Suite." and below it "  Name", each maybe with "  # TypeParam = int" behind.
Arguments parse_googletest(std::string_view output, bool with_disabled) {
  Arguments tests;
  std::string suite;
  for (std::string_view line : lines_of(output)) {
    line = line.substr(0, line.find("  # "));
    const bool is_test = line.starts_with("  ");
    std::string_view name = is_test ? line.substr(2) : line;
    if (name.empty() || name.find(' ') != std::string_view::npos) {
      suite.clear();  // Something that the program says itself.
    } else if (!is_test) {
      suite = name.ends_with('.') ? std::string(name) : std::string();
    } else if (!suite.empty()) {
      std::string test = suite + std::string(name);
      if (with_disabled || !is_disabled(test)) {
        tests.push_back(std::move(test));
      }
    }
  }
  return tests;
}

/// As GoogleTest decides: the last option, else the variable.
bool runs_disabled(const Arguments& given, std::string_view variable) {
  constexpr std::string_view kOption = "--gtest_also_run_disabled_tests";
  bool runs = !variable.empty() && variable != "0";
  for (const std::string_view word : given) {
    if (word.starts_with(kOption)) {
      const std::string_view value = word.substr(kOption.size());
      runs = !value.starts_with("=0") && !value.starts_with("=f") && !value.starts_with("=F");
    }
  }
  return runs;
}

/// A name a line; in quotes when it begins like a comment.
Arguments parse_catch2(std::string_view output) {
  Arguments tests;
  for (std::string_view line : lines_of(output)) {
    if (line.size() > 2 && line.starts_with("\"#") && line.ends_with('"')) {
      line = line.substr(1, line.size() - 2);
    }
    if (!line.empty()) {
      tests.emplace_back(line);
    }
  }
  return tests;
}

/// Names between two lines of `=`.
Arguments parse_doctest(std::string_view output) {
  constexpr std::string_view kRule = "====================";
  Arguments tests;
  bool is_announced = false;
  bool is_list = false;
  for (const std::string_view line : lines_of(output)) {
    if (line.find("listing all test case names") != std::string_view::npos) {
      is_announced = true;
    } else if (is_announced && line.starts_with(kRule) &&
               line.find_first_not_of('=') == std::string_view::npos) {
      if (std::exchange(is_list, !is_list)) {
        return tests;
      }
    } else if (is_list && !line.empty()) {
      tests.emplace_back(line);
    }
  }
  return tests;
}

/// Characters that mean something in a pattern, which knows no other way to write them: `?` matches
/// each of them.
std::string as_pattern(std::string_view test, std::string_view special) {
  std::string pattern(test);
  for (char& c : pattern) {
    c = special.find(c) == std::string_view::npos ? c : '?';
  }
  return pattern;
}

/// With a backslash before what means something to Catch2: also the first character, where a name
/// may look like an option or a negation.
std::string as_catch2_spec(std::string_view test) {
  constexpr std::string_view kSpecial = "\\,[]\"";
  std::string spec;
  for (std::size_t i = 0; i < test.size(); ++i) {
    const bool is_word = i == 0 && test.starts_with("exclude:");
    const bool is_first = i == 0 && std::string_view("-~*").find(test[i]) != std::string_view::npos;
    if (is_word || is_first || kSpecial.find(test[i]) != std::string_view::npos) {
      spec += '\\';
    }
    spec += test[i];
  }
  return spec;
}

/// Whether the option takes the argument behind it.
bool takes_value(std::string_view option) {
  constexpr std::array<std::string_view, 31> kOptions{"-r",
                                                      "--reporter",
                                                      "-o",
                                                      "--out",
                                                      "-n",
                                                      "--name",
                                                      "-x",
                                                      "--abortx",
                                                      "-w",
                                                      "--warn",
                                                      "-d",
                                                      "--durations",
                                                      "-D",
                                                      "--min-duration",
                                                      "-f",
                                                      "--input-file",
                                                      "-c",
                                                      "--section",
                                                      "-v",
                                                      "--verbosity",
                                                      "--order",
                                                      "--rng-seed",
                                                      "--use-colour",
                                                      "--colour-mode",
                                                      "--shard-count",
                                                      "--shard-index",
                                                      "--wait-for-keypress",
                                                      "--benchmark-samples",
                                                      "--benchmark-resamples",
                                                      "--benchmark-confidence-interval",
                                                      "--benchmark-warmup-time"};
  return std::find(kOptions.begin(), kOptions.end(), option) != kOptions.end();
}

/// Without the test names, patterns and tags, with which Catch2 would run more than one test.
Arguments without_catch2_specs(const Arguments& given) {
  Arguments kept;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& word = given[i];
    if (!word.starts_with('-') || word == "-") {
      continue;
    }
    const bool has_value = takes_value(word) && i + 1 < given.size();
    const bool is_filter = word == "-f" || word.starts_with("--input-file");
    if (!is_filter) {
      kept.push_back(word);
    }
    if (has_value) {
      ++i;
      if (!is_filter) {
        kept.push_back(given[i]);
      }
    }
  }
  return kept;
}

bool has_catch2_specs(const Arguments& given) {
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i].starts_with('-') || given[i] == "-f" || given[i].starts_with("--input-file")) {
      return true;
    }
    i += takes_value(given[i]) ? 1U : 0U;
  }
  return false;
}

/// Without what Catch2 would write the list otherwise for, or elsewhere.
Arguments without_catch2_output(const Arguments& given) {
  constexpr std::array<std::string_view, 8> kOptions{"-r", "--reporter",  "-o", "--out",
                                                     "-v", "--verbosity", "-d", "--durations"};
  Arguments kept;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string_view word = given[i];
    const std::string_view option = word.substr(0, word.find_first_of("=:"));
    if (std::find(kOptions.begin(), kOptions.end(), option) == kOptions.end()) {
      kept.push_back(given[i]);
    } else if (option == word) {
      ++i;  // Its value.
    }
  }
  return kept;
}

Arguments without_doctest_names(const Arguments& given) {
  Arguments kept;
  for (const std::string& word : given) {
    std::string_view option = word;
    option.remove_prefix(std::min(option.find_first_not_of('-'), option.size()));
    if (option.starts_with("dt-")) {
      option.remove_prefix(3);
    }
    if (!option.starts_with("tc=") && !option.starts_with("test-case=")) {
      kept.push_back(word);
    }
  }
  return kept;
}

}  // namespace

std::string_view name_of(Framework framework) noexcept {
  switch (framework) {
    case Framework::kGoogleTest:
      return "GoogleTest";
    case Framework::kCatch2:
      return "Catch2";
    case Framework::kDoctest:
      return "doctest";
    case Framework::kUnknown:
      break;
  }
  return "";
}

void FrameworkMarks::add(std::string_view piece) {
  const std::string text = tail_ + std::string(piece);
  for (const Mark& mark : kMarks) {
    bool& is_found = marks_[index_of(mark.framework)];
    is_found = is_found || text.find(mark.text) != std::string::npos;
  }
  tail_ = text.substr(text.size() - std::min(text.size(), kLongestMark));
}

std::vector<Framework> FrameworkMarks::found() const {
  std::vector<Framework> frameworks;
  for (const Framework framework :
       {Framework::kGoogleTest, Framework::kCatch2, Framework::kDoctest}) {
    if (marks_[index_of(framework)]) {
      frameworks.push_back(framework);
    }
  }
  return frameworks;
}

Result<Framework> framework_of(const std::string& program) {
  constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
  const UniqueFd file(::open(program.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  std::string piece(kPieceBytes, '\0');
  FrameworkMarks marks;
  ssize_t got = file ? 1 : -1;
  while (file && (got = ::read(file.get(), piece.data(), piece.size())) > 0) {
    marks.add(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
  }
  const std::string choose = "say which with --framework gtest, catch2 or doctest";
  if (got < 0) {
    return failure(Failure::kProgram,
                   "cannot read " + program + " to see which test framework it uses: " +
                       std::generic_category().message(errno),
                   choose);
  }
  const std::vector<Framework> found = marks.found();
  if (found.size() != 1) {
    return failure(Failure::kProgram,
                   found.empty() ? program + " shows no sign of GoogleTest, Catch2 or doctest"
                                 : program + " shows signs of several test frameworks",
                   choose);
  }
  return found.front();
}

Arguments list_arguments(Framework framework, const Arguments& given, bool is_retry) {
  Arguments arguments = given;
  switch (framework) {
    case Framework::kGoogleTest:
      arguments.emplace_back("--gtest_list_tests");
      break;
    case Framework::kCatch2:
      arguments = without_catch2_output(given);
      if (!has_catch2_specs(given)) {
        arguments.emplace_back("~[.]");  // Hidden tests do not run unless they are named.
      }
      if (is_retry) {
        arguments.insert(arguments.end(), {"--list-tests", "--verbosity", "quiet"});
      } else {
        arguments.emplace_back("--list-test-names-only");
      }
      break;
    case Framework::kDoctest:
      arguments.insert(arguments.end(), {"--list-test-cases", "--no-colors=true"});
      break;
    case Framework::kUnknown:
      break;
  }
  return arguments;
}

bool wants_other_list_option(Framework framework, std::string_view output) {
  return framework == Framework::kCatch2 &&
         output.find("nrecognised token: --list-test-names-only") != std::string_view::npos;
}

Arguments parse_test_list(Framework framework, std::string_view output, const Arguments& given,
                          std::string_view also_disabled) {
  Arguments tests;
  if (framework == Framework::kGoogleTest) {
    tests = parse_googletest(output, runs_disabled(given, also_disabled));
  } else if (framework == Framework::kCatch2) {
    tests = parse_catch2(output);
  } else if (framework == Framework::kDoctest) {
    tests = parse_doctest(output);
  }
  std::set<std::string> known;
  std::erase_if(tests, [&](const std::string& test) { return !known.insert(test).second; });
  return tests;
}

Arguments arguments_for(Framework framework, const Arguments& given, const std::string& test) {
  Arguments arguments;
  switch (framework) {
    case Framework::kGoogleTest:
      arguments = given;  // The last filter counts.
      arguments.push_back("--gtest_filter=" + as_pattern(test, ":*?-"));
      break;
    case Framework::kCatch2:
      arguments = without_catch2_specs(given);
      arguments.push_back(as_catch2_spec(test));
      break;
    case Framework::kDoctest:
      arguments = without_doctest_names(given);
      arguments.insert(arguments.end(),
                       {"--case-sensitive=true", "--test-case=" + as_pattern(test, ",*?\\")});
      break;
    case Framework::kUnknown:
      arguments = given;
      break;
  }
  return arguments;
}

bool says_skipped(Framework framework, std::string_view output) {
  return framework == Framework::kGoogleTest &&
         output.find("[  SKIPPED ] 1 test") != std::string_view::npos;
}

}  // namespace xgops::cli
