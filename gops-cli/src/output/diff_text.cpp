// SPDX-License-Identifier: MIT
// Two snapshots, compared, as a table; and what was written to a file.
#include "output/escape.hpp"
#include "output/site_text.hpp"
#include "output/style.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "support/duration.hpp"

#include <string_view>

namespace xgops::cli {
namespace {

std::string change_words(const DiffRow& row) {
  const bool is_idle = row.change == Change::kStuck && row.group.site.idle;
  return std::string(id_of(row.change)) + (is_idle ? ", idle" : "");
}

std::string process_text(const ProcessIdentity& process) {
  const std::string text = "process " + std::to_string(process.pid);
  return process.name.empty() ? text : text + " (" + escape(process.name) + ")";
}

}  // namespace

std::string diff_text(const DiffReport& report, const Presentation& presentation) {
  const Style style(presentation.color);
  Table table({{"CHANGE"},
               {"WHO", Align::kRight},
               {"OLDEST", Align::kRight},
               {"YOUNGEST", Align::kRight},
               {"WAIT"},
               {"CREATED"},
               {"WHERE"}});
  for (const DiffRow& row : report.rows) {
    const SiteGroup& group = row.group;
    table.add({change_words(row), members_text(group.site.of_threads, group.count),
               age_or_dash(group.oldest_ns), age_or_dash(group.youngest_ns), group.site.wait,
               created_text(group.site.created), where_text(group.site.place)});
  }
  std::string out = report.rows.empty() ? std::string() : table.render(style);
  if (report.older.incomplete || report.younger.incomplete) {
    out += style.warning(
               "not everything could be seen: what is missing looks as if it were gone, "
               "or new") +
           "\n";
  }
  const std::int64_t span = std::chrono::nanoseconds(report.between).count();
  out += process_text(report.process) + ", " + age_text(span) + " from " +
         escape(report.older.file) + " to " +
         (report.younger.file.empty() ? "now" : escape(report.younger.file)) + ": ";
  out += std::to_string(report.count(Change::kStuck)) + " stuck";
  if (const auto idle = report.count(Change::kStuck, true); idle > 0) {
    out += " (" + std::to_string(idle) + " of them idle)";
  }
  return out + ", " + std::to_string(report.count(Change::kNew)) + " new, " +
         std::to_string(report.count(Change::kGone)) + " gone, " +
         std::to_string(report.count(Change::kMoved)) + " moved\n";
}

std::string snapshot_text(const SnapshotReport& report) {
  return escape(report.file) + ": " + looked_at_text(report.threads, report.tasks) + " of " +
         process_text(report.process) + ", " + size_text(report.bytes) +
         (report.incomplete ? "; not everything could be seen\n" : "\n");
}

}  // namespace xgops::cli
