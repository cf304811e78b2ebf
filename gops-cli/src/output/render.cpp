// SPDX-License-Identifier: MIT
// From a report to the bytes that are printed.
#include "output/render.hpp"

#include "output/escape.hpp"
#include "output/json.hpp"
#include "output/test_output.hpp"
#include "output/text.hpp"

#include <string_view>
#include <variant>

namespace xgops::cli {
namespace {

std::string render_body(const DocumentReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? document_json(report) : report.text;
}

std::string render_body(const ListReport& report, const Presentation& presentation) {
  switch (presentation.format) {
    case Format::kJson:
      return list_json(report);
    case Format::kTsv:
      return list_tsv(report);
    default:
      return list_text(report, presentation);
  }
}

std::string render_body(const VitalsReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? vitals_json(report)
                                              : vitals_text(report, presentation);
}

std::string render_body(const ThreadsReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? threads_json(report)
                                              : threads_text(report, presentation);
}

std::string render_body(const TasksReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? tasks_json(report)
                                              : tasks_text(report, presentation);
}

std::string render_body(const StackReport& report, const Presentation& presentation) {
  switch (presentation.format) {
    case Format::kJson:
      return stack_json(report);
    case Format::kFolded:
      return stack_folded(report);
    default:
      return stack_text(report, presentation);
  }
}

std::string render_body(const PendingReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? pending_json(report)
                                              : pending_text(report, presentation);
}

std::string render_body(const LocksReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? locks_json(report)
                                              : locks_text(report, presentation);
}

std::string render_body(const FindingsReport& report, const Presentation& presentation) {
  switch (presentation.format) {
    case Format::kJson:
      return findings_json(report);
    case Format::kSarif:
      return findings_sarif(report);
    default:
      return findings_text(report, presentation);
  }
}

std::string render_body(const LeaksReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? leaks_json(report)
                                              : leaks_text(report, presentation);
}

/// Programs have one object a sample, and add up themselves.
std::string render_body(const LeakTotals& totals, const Presentation& presentation) {
  return presentation.format == Format::kJson ? std::string() : leak_totals_text(totals);
}

std::string render_body(const SnapshotReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? snapshot_json(report) : snapshot_text(report);
}

std::string render_body(const DiffReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? diff_json(report) : diff_text(report, presentation);
}

std::string render_body(const TestsReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? tests_json(report)
                                              : tests_text(report, presentation);
}

std::string render_body(const TreeReport& report, const Presentation& presentation) {
  return presentation.format == Format::kJson ? tree_json(report) : tree_text(report, presentation);
}

}  // namespace

std::string render(const Report& report, const Presentation& presentation) {
  return std::visit([&](const auto& body) { return render_body(body, presentation); }, report.body);
}

std::string render_message(const std::string& text, const std::string& hint) {
  std::string out = "xgops: " + escape(text) + "\n";
  std::string_view rest = hint;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!line.empty()) {
      out += "  " + escape(line) + "\n";
    }
  }
  return out;
}

}  // namespace xgops::cli
