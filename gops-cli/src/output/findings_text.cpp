// SPDX-License-Identifier: MIT
// Findings as text: a sentence, the evidence with stacks, what to type next.
#include "output/escape.hpp"
#include "output/finding_words.hpp"
#include "output/frame_text.hpp"
#include "output/style.hpp"
#include "output/task_block.hpp"
#include "output/task_text.hpp"
#include "output/text.hpp"
#include "output/wait_text.hpp"
#include "support/duration.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace xgops::cli {
namespace {

/// More frames than these say little about a wait.
constexpr std::size_t kMostFrames = 12;

std::string indented(std::string_view lines, std::string_view by) {
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    out.append(by).append(lines.substr(0, end)).append("\n");
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return out;
}

class FindingsText {
 public:
  FindingsText(const FindingsReport& report, const Style& style) : report_(report), style_(style) {
    for (const ReportThread& thread : report.look.threads) {
      names_[thread.facts.tid] = thread.facts.name;
    }
  }

  [[nodiscard]] std::string lines_of(const Finding& finding, std::size_t number) const {
    std::string out = style_.heading(std::to_string(number) + ". " + finding.rule) + ": " +
                      escape(finding.sentence) + "\n";
    for (const Who& who : finding.members) {
      out += "\n" + indented(member(who), "   ");
    }
    if (finding.unlisted > 0) {
      out += "\n   and " + std::to_string(finding.unlisted) + " more\n";
    }
    out += "\n";
    for (const std::string& note : finding.notes) {
      out += "   note: " + escape(note) + "\n";
    }
    if (finding.behind_count > 0) {
      out += "   " + std::string(finding.rule == "starved-executor" ? "ready" : "waiting behind") +
             ": " + behind(finding) + "\n";
    }
    return out + "   more: " + more_command(report_, finding) + "\n";
  }

 private:
  [[nodiscard]] std::string member(const Who& who) const {
    if (!who.is_thread) {
      const protocol::Task& task = report_.look.tasks->tasks[who.index];
      std::string lines = TaskBlocks(*report_.look.tasks, style_).lines_of(group_of_one(task));
      lines.pop_back();  // The empty line at its end.
      return lines;
    }
    const ReportThread& thread = report_.look.threads[who.index];
    const protocol::Wait& wait = thread.facts.wait;
    std::string why = wait_summary(wait, thread.facts.state);
    if (wait.object != 0) {
      why += " " + hex_text(wait.object);
    }
    if (const std::string owner = owner_summary(wait, names_); !owner.empty()) {
      why += ", " + owner;
    }
    if (thread.facts.state_age_ns >= 0) {
      why += ", " + age_text(thread.facts.state_age_ns);
    }
    std::string out = style_.heading(describe_thread(thread.facts.tid, names_)) + " [" +
                      paint_wait(style_, wait.reason, why) + "]";
    const std::string stack = frames_of(thread);
    return out + (stack.empty() ? "\n" : ":\n") + stack;
  }

  /// From the first function of the program's own to the last: what libraries do to wait, and to
  /// start a thread, is the same everywhere.
  [[nodiscard]] std::string frames_of(const ReportThread& thread) const {
    if (!thread.stack) {
      return {};
    }
    std::vector<const symbolize::Symbol*> symbols;
    for (const ReportFrame& frame : report_.look.table.stacks[*thread.stack].frames) {
      for (const symbolize::Symbol& symbol : report_.look.table.locations[frame.location]) {
        symbols.push_back(&symbol);
      }
    }
    const auto is_own = [](const symbolize::Symbol* symbol) { return !is_of_a_library(*symbol); };
    const auto first = std::find_if(symbols.begin(), symbols.end(), is_own);
    if (first != symbols.end()) {
      const auto last = std::find_if(symbols.rbegin(), symbols.rend(), is_own).base();
      symbols = std::vector(first, last);
    }
    std::string out;
    for (std::size_t i = 0; i < std::min(symbols.size(), kMostFrames); ++i) {
      const symbolize::Symbol& symbol = *symbols[i];
      out += "  " + (symbol.function.empty() ? place_text(symbol) : escape(symbol.function)) + "\n";
      if (!symbol.file.empty()) {
        out +=
            "      " + style_.dim(escape(symbol.file) + ':' + std::to_string(symbol.line)) + "\n";
      } else if (!symbol.function.empty()) {
        out += "      " + style_.dim(place_text(symbol)) + "\n";
      }
    }
    if (symbols.size() > kMostFrames) {
      out += "  ... " + std::to_string(symbols.size() - kMostFrames) + " more\n";
    }
    return out;
  }

  [[nodiscard]] std::string behind(const Finding& finding) const {
    std::string text;
    for (const Who& who : finding.behind) {
      text += (text.empty() ? "" : ", ") +
              (who.is_thread ? describe_thread(report_.look.threads[who.index].facts.tid, names_)
                             : task_title(*report_.look.tasks,
                                          group_of_one(report_.look.tasks->tasks[who.index])));
    }
    const std::uint64_t others = finding.behind_count - finding.behind.size();
    if (others > 0) {
      text += (text.empty() ? "" : " and ") + std::to_string(others) + " more";
    }
    return text;
  }

  const FindingsReport& report_;
  Style style_;
  ThreadNames names_;
};

std::string summary_line(const FindingsReport& report) {
  const std::size_t count = report.findings.size();
  std::string text =
      count == 0 ? "no findings" : std::to_string(count) + (count == 1 ? " finding" : " findings");
  text +=
      " (" + std::to_string(report.rules.size()) + (report.rules.size() == 1 ? " rule" : " rules");
  text += report.looked_twice
              ? ", looked twice, " + std::to_string(report.between.count()) + " ms apart): "
              : "): ";
  return text + cost_line(report.look) + "\n";
}

}  // namespace

std::string findings_text(const FindingsReport& report, const Presentation& presentation) {
  const Style style(presentation.color);
  const FindingsText text(report, style);
  std::string out;
  for (std::size_t i = 0; i < report.findings.size(); ++i) {
    out += text.lines_of(report.findings[i], i + 1) + "\n";
  }
  if (report.incomplete) {
    out +=
        style.warning("not everything could be seen: repeat, or give it more time with --timeout") +
        "\n";
  }
  return out + summary_line(report);
}

}  // namespace xgops::cli
