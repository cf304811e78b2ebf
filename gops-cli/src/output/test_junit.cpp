// SPDX-License-Identifier: MIT
#include "output/escape.hpp"
#include "output/test_output.hpp"
#include "support/duration.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace xgops::cli {
namespace {

/// Characters of Unicode that XML 1.0 does not have and `escape` leaves alone.
void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), by);
    at += by.size();
  }
}

/// Text of any bytes as text of XML 1.0: characters that it does not have are shown escaped, as
/// are bytes that are not UTF-8. `lines`: they are kept; else, in an attribute, they are not.
std::string xml(std::string_view text, bool lines) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = lines ? std::min(text.find('\n'), text.size()) : text.size();
    std::string line = escape(text.substr(0, end));
    replace_all(line, "\xef\xbf\xbe", "\\ufffe");
    replace_all(line, "\xef\xbf\xbf", "\\uffff");
    for (const char c : line) {
      switch (c) {
        case '&':
          out += "&amp;";
          break;
        case '<':
          out += "&lt;";
          break;
        case '>':
          out += "&gt;";
          break;
        case '"':
          out += "&quot;";
          break;
        default:
          out += c;
      }
    }
    if (end < text.size()) {
      out += '\n';
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + xml(value, false) + "\"";
}

std::string element(std::string_view name, std::string_view message, std::string_view text) {
  return "      <" + std::string(name) + attribute("message", message) + ">" + xml(text, true) +
         "</" + std::string(name) + ">\n";
}

std::string time_of(std::chrono::milliseconds duration) {
  return decimal_text(static_cast<std::uint64_t>(duration.count()), 1000, 3);
}

/// A crash, or a test of which nothing is known, is an error and no failure.
bool is_error(const TestResult& test) {
  return test.outcome == TestOutcome::kCrashed || test.outcome == TestOutcome::kHung ||
         test.outcome == TestOutcome::kTimedOut;
}

bool is_failure(const TestResult& test) {
  return !is_error(test) && (test.failed() || test.leaks_anew());
}

std::string leaks_of(const TestResult& test) {
  std::string text;
  for (const TestLeak& leak : test.leaks) {
    text += leak_lines(leak);
  }
  if (test.unlisted_groups > 0) {
    text += "  and " + std::to_string(test.unlisted_groups) + " more groups\n";
  }
  return text;
}

std::string case_of(const TestsReport& report, const TestResult& test) {
  // GoogleTest's names have the suite before the last dot.
  const std::size_t dot =
      report.framework == "GoogleTest" ? test.name.rfind('.') : std::string::npos;
  const std::string suite = dot == std::string::npos ? report.program : test.name.substr(0, dot);
  const std::string name = test.name.empty()          ? "all tests"
                           : dot == std::string::npos ? test.name
                                                      : test.name.substr(dot + 1);
  std::string out = "    <testcase" + attribute("classname", suite) + attribute("name", name) +
                    attribute("time", time_of(test.duration)) + ">\n";
  if (is_error(test)) {
    out += element("error", verdict_text(test), test.hang + leaks_of(test));
  } else if (is_failure(test)) {
    out += element("failure", verdict_text(test), leaks_of(test));
  } else if (test.outcome == TestOutcome::kSkipped) {
    out += "      <skipped/>\n";
  }
  std::string notes = is_failure(test) || is_error(test) ? std::string() : leaks_of(test);
  if (!test.no_report.empty() && !test.failed()) {
    notes += "its leaks are not known: " + test.no_report + "\n";
  }
  if (!test.output.empty() || !notes.empty()) {
    out += "      <system-out>" + xml(test.output + notes, true) + "</system-out>\n";
  }
  return out + "    </testcase>\n";
}

}  // namespace

std::string tests_junit(const TestsReport& report) {
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::chrono::milliseconds time{0};
  std::string cases;
  for (const TestResult& test : report.tests) {
    failures += is_failure(test) ? 1U : 0U;
    errors += is_error(test) ? 1U : 0U;
    skipped += test.outcome == TestOutcome::kSkipped ? 1U : 0U;
    time += test.duration;
    cases += case_of(report, test);
  }
  const std::string counts = attribute("tests", std::to_string(report.tests.size())) +
                             attribute("failures", std::to_string(failures)) +
                             attribute("errors", std::to_string(errors)) +
                             attribute("skipped", std::to_string(skipped)) +
                             attribute("time", time_of(time));
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts + ">\n  <testsuite" +
         attribute("name", report.program) + counts + ">\n" + cases +
         "  </testsuite>\n</testsuites>\n";
}

}  // namespace xgops::cli
