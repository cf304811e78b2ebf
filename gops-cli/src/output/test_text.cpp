// SPDX-License-Identifier: MIT
#include "output/dump_text.hpp"
#include "output/escape.hpp"
#include "output/frame_text.hpp"
#include "output/style.hpp"
#include "output/test_output.hpp"
#include "support/duration.hpp"
#include "testing/report_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace xgops::cli {
namespace {

constexpr std::size_t kShownFrames = 16;

std::string number_of(std::uint64_t count, std::string_view word) {
  return std::to_string(count) + " " + std::string(word) + (count == 1 ? "" : "s");
}

std::string place_of(const symbolize::Symbol& frame) {
  return frame.file.empty() ? place_text(frame)
                            : escape(frame.file) + ":" + std::to_string(frame.line);
}

std::string call_of(const symbolize::Symbol& frame) {
  return frame.function.empty()
             ? place_text(frame)
             : escape(frame.function) + (frame.function.find('(') == std::string::npos ? "()" : "");
}

/// Without those that every thread begins with.
std::size_t frames_of_interest(const TestLeak& leak) {
  std::size_t count = leak.frames.size();
  while (count > 0 && is_of_the_runtime(leak.frames[count - 1])) {
    --count;
  }
  return count == 0 ? leak.frames.size() : count;
}

std::string_view fate_words(const TestLeak& leak) {
  switch (leak.fate) {
    case protocol::LeakFate::kRunning:
      return leak.state == "queued" ? "it is ready to run" : "it is running";
    case protocol::LeakFate::kSettling:
      return "it was still going on";
    case protocol::LeakFate::kWaiting:
      return "it may go on";
    case protocol::LeakFate::kBlocked:
      break;
  }
  return "blocked for good";
}

struct Sum {
  std::uint64_t tasks = 0;
  std::uint64_t threads = 0;
  std::uint64_t known = 0;

  void add(const TestResult& test) {
    for (const TestLeak& leak : test.leaks) {
      (leak.is_known ? known : leak.is_thread ? threads : tasks) += leak.count;
    }
  }
  [[nodiscard]] std::string text() const {
    std::string out = tasks > 0 ? number_of(tasks, "task") : std::string();
    if (threads > 0) {
      out += (out.empty() ? "" : " and ") + number_of(threads, "thread");
    }
    return out;
  }
};

std::string indented_lines(std::string_view text, std::string_view by) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += std::string(by) + escape(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// What is worth reading of one test.
std::string block_of(const TestsReport& report, const TestResult& test, const Style& style) {
  const std::string name = test.name.empty() ? report.program : test.name;
  const std::string verdict = verdict_text(test);
  std::string out = style.heading(escape(name)) + ": " +
                    (verdict.empty() ? "passed" : style.warning(verdict)) + "\n";
  for (const TestLeak& leak : test.leaks) {
    out += leak_lines(leak);
  }
  if (test.unlisted_groups > 0) {
    out += "  and " + number_of(test.unlisted_groups, "group") + " more\n";
  }
  if (test.unseen) {
    out += "  there is more that changed too fast to be seen\n";
  }
  if (!test.task_problem.empty()) {
    out += "  " + escape(test.task_problem) + "\n";
  }
  if (!test.no_report.empty() && !test.failed()) {
    out += "  its leaks are not known: " + escape(test.no_report) + "\n";
  }
  if (!test.hang.empty()) {
    out += indented_lines(test.hang, "  ");
  }
  if (test.failed() && !test.output.empty()) {
    out += "  its output:\n" + indented_lines(test.output, "    | ");
  }
  return out;
}

bool is_worth_reading(const TestResult& test) {
  return test.failed() || !test.leaks.empty() || test.unlisted_groups > 0 || test.unseen ||
         !test.no_report.empty() || !test.task_problem.empty();
}

std::string leaks_of_many(std::size_t leaking, std::size_t unknown, std::size_t total,
                          const Sum& sum, const std::string& known) {
  if (leaking == 0 && sum.known == 0 && unknown == total) {
    return "leaks are not known";
  }
  return (leaking == 0 ? "no leaks"
                       : std::to_string(leaking) + " with leaks (" + sum.text() + ")") +
         known +
         (unknown == 0 ? "" : ", leaks of " + number_of(unknown, "test") + " are not known");
}

std::string summary(const TestsReport& report) {
  Sum sum;
  std::size_t unknown = 0;
  std::size_t leaking = 0;
  std::size_t failed = 0;
  for (const TestResult& test : report.tests) {
    sum.add(test);
    leaking += test.leaks_anew() ? 1U : 0U;
    failed += test.failed() ? 1U : 0U;
    unknown += test.no_report.empty() ? 0U : 1U;
  }
  const std::string known = sum.known == 0 ? "" : ", " + std::to_string(sum.known) + " known";
  if (!report.each_alone) {
    const bool is_known = unknown == 0 && report.not_run == 0;
    return (leaking > 0 ? "leaks: " + sum.text()
            : is_known  ? "no leaks"
                        : "leaks are not known") +
           known + "\n" + (leaking == 0 ? "" : "  which test? --bisect runs each alone and says\n");
  }
  return number_of(report.tests.size(), "test") + " of " + report.framework + ": " +
         leaks_of_many(leaking, unknown, report.tests.size(), sum, known) + ", " +
         std::to_string(failed) + " failed" +
         (report.not_run == 0 ? "" : ", " + std::to_string(report.not_run) + " not run") + "\n";
}

}  // namespace

std::string verdict_text(const TestResult& test) {
  std::string text;
  if (test.outcome == TestOutcome::kCrashed) {
    text = "crashed (" + signal_name(test.signal) + ")";
  } else if (test.outcome == TestOutcome::kFailed) {
    text = "failed (exit status " + std::to_string(test.exit_status) + ")";
  } else if (test.failed()) {
    text = std::string(id_of(test.outcome)) + " after " +
           elapsed_text(static_cast<std::uint64_t>(test.duration.count()) * 1'000'000);
  }
  if (test.leaks_anew()) {
    Sum sum;
    sum.add(test);
    const std::string what = sum.text();
    text += (text.empty() ? "leaks " : ", leaks ") + (what.empty() ? "more than is listed" : what);
  }
  return text;
}

std::string leak_sentence(const TestLeak& leak) {
  std::string text = number_of(leak.count, leak.is_thread ? "thread" : "task");
  text += leak.name.empty() ? "" : " \"" + escape(leak.name) + "\"";
  text += leak.labels.empty() ? "" : " {" + escape(leak.labels) + "}";
  text += " in state " + escape(leak.state);
  if (leak.age_ns >= 0) {
    text += (leak.count > 1 ? " for up to " : " for ") + age_text(leak.age_ns);
  }
  text += leak.object.empty() ? "" : ", for " + escape(leak.object);
  text += leak.why.empty() ? "" : ", " + escape(leak.why);
  text += ": ";
  text += fate_words(leak);
  if (!leak.created.empty()) {
    text += ", created ";
    text += leak.created.front().function.empty() ? std::string()
                                                  : "by " + call_of(leak.created.front()) + " ";
    text += "at " + place_of(leak.created.front());
  }
  return text;
}

std::string leak_lines(const TestLeak& leak) {
  std::string out = "  " + leak_sentence(leak) + "\n";
  if (!leak.remark.empty()) {
    out += "    " + escape(leak.remark) + "\n";
  }
  const std::size_t frames = frames_of_interest(leak);
  for (std::size_t i = 0; i < frames && i < kShownFrames; ++i) {
    const symbolize::Symbol& frame = leak.frames[i];
    out += "    " + call_of(frame) + (frame.inlined ? " [inlined]" : "") + "\n";
    if (!frame.file.empty()) {
      out += "        " + place_of(frame) + "\n";
    }
  }
  if (frames > kShownFrames) {
    out += "    ... " + std::to_string(frames - kShownFrames) + " more\n";
  }
  return out + "    fingerprint " + leak.fingerprint + "\n";
}

std::string tests_text(const TestsReport& report, const Presentation& presentation) {
  const Style style(presentation.color);
  std::string out;
  for (const TestResult& test : report.tests) {
    if (is_worth_reading(test)) {
      out += block_of(report, test, style) + "\n";
    }
  }
  for (const std::string& remark : report.baseline) {
    out += "baseline: " + escape(remark) + "\n";
  }
  return out + summary(report);
}

}  // namespace xgops::cli
