// SPDX-License-Identifier: MIT
// Groups that may be leaked as a table; with --watch a line a sample, and one a group that grows.
#include "output/escape.hpp"
#include "output/proof_text.hpp"
#include "output/site_text.hpp"
#include "output/style.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "support/duration.hpp"

#include <string_view>

namespace xgops::cli {
namespace {

std::string_view evidence_words(Evidence evidence) {
  switch (evidence) {
    case Evidence::kCycle:
      return "blocked: cycle";
    case Evidence::kHolderGone:
      return "blocked: holder gone";
    case Evidence::kNobody:
      return "blocked: nobody can end it";
    case Evidence::kUnreachable:
      return "proven: nobody can wake it";
    case Evidence::kNobodyCanRun:
      return "blocked: nobody can run";
    case Evidence::kBehind:
      return "blocked: behind those";
    case Evidence::kNone:
      break;
  }
  return "blocked";
}

std::string class_words(const LeakRow& row) {
  return row.leak_class == LeakClass::kBlocked ? std::string(evidence_words(row.evidence))
                                               : or_dash(id_of(row.leak_class));
}

std::string signed_text(std::int64_t number) {
  return (number > 0 ? "+" : "") + std::to_string(number);
}

std::string table_of(const LeaksReport& report, const Style& style) {
  Table table({{"FOUND"},
               {"WHO", Align::kRight},
               {"GROWTH", Align::kRight},
               {"OLDEST", Align::kRight},
               {"YOUNGEST", Align::kRight},
               {"WAIT"},
               {"CREATED"},
               {"WHERE"}});
  bool any = false;
  for (const LeakRow& row : report.rows) {
    if (row.leak_class == LeakClass::kNone && !report.all) {
      continue;
    }
    const SiteGroup& group = row.group;
    table.add({class_words(row), members_text(group.site.of_threads, group.count),
               row.growth() == 0 ? "-" : signed_text(row.growth()), age_or_dash(group.oldest_ns),
               age_or_dash(group.youngest_ns), group.site.wait, created_text(group.site.created),
               where_text(group.site.place)});
    any = true;
  }
  return any ? table.render(style) : std::string();
}

std::string one_look(const LeaksReport& report, const Style& style) {
  std::string out = table_of(report, style);
  for (const LeakReason& reason : report.reasons) {
    out += style.heading("blocked for good") + ": " + escape(reason.sentence) + "\n";
  }
  if (!report.reasons.empty()) {
    out += "  more: xgops diagnose -p " + std::to_string(report.process.pid) + "\n";
  }
  out += proof_lines(report, style);
  if (report.incomplete) {
    out +=
        style.warning("not everything could be seen: repeat, or give it more time with --timeout") +
        "\n";
  }
  const std::size_t count = report.findings();
  out +=
      count == 0 ? "no findings" : std::to_string(count) + (count == 1 ? " finding" : " findings");
  out += ": " + looked_at_text(report.threads, report.tasks) + " in " +
         std::to_string(report.rows.size()) + (report.rows.size() == 1 ? " group" : " groups");
  if (report.between) {
    out += ", looked twice, " +
           elapsed_text(static_cast<std::uint64_t>(report.between->count()) * 1'000'000) + " apart";
  }
  return out + "\n";
}

std::string one_sample(const LeaksReport& report, const Style& style) {
  const std::string time = utc_text(report.time);
  std::string out = time + "  " + members_text(false, report.tasks);
  if (report.sample->tasks_before) {
    const auto change = static_cast<std::int64_t>(report.tasks) -
                        static_cast<std::int64_t>(*report.sample->tasks_before);
    out += change == 0 ? "" : " (" + signed_text(change) + ")";
  }
  out += ", " + members_text(true, report.threads) + ", " + std::to_string(report.rows.size()) +
         (report.rows.size() == 1 ? " group" : " groups");
  if (report.sample->number == 1) {
    out += "; alarm when one grows by more than " + std::to_string(report.alarm) + " in " +
           elapsed_text(static_cast<std::uint64_t>(report.sample->interval.count()) * 1'000'000);
  }
  out += report.incomplete ? "; not everything could be seen\n" : "\n";
  for (const LeakRow& row : report.rows) {
    if (!row.finding) {
      continue;
    }
    const Site& site = row.group.site;
    out += time + "  " + style.warning("growing " + signed_text(row.growth())) + ": " +
           std::to_string(*row.before) + " -> " + members_text(site.of_threads, row.group.count) +
           ", oldest " + age_or_dash(row.group.oldest_ns) + ": " + site.wait +
           (site.of_threads ? "" : ", created at " + created_text(site.created)) + ", in " +
           where_text(site.place) + "\n";
  }
  return out;
}

}  // namespace

std::string leaks_text(const LeaksReport& report, const Presentation& presentation) {
  const Style style(presentation.color);
  return report.sample ? one_sample(report, style) : one_look(report, style);
}

std::string leak_totals_text(const LeakTotals& totals) {
  const auto change =
      static_cast<std::int64_t>(totals.tasks_last) - static_cast<std::int64_t>(totals.tasks_first);
  return utc_text(totals.time) + "  " +
         (totals.alarms == 0
              ? "no alarm"
              : std::to_string(totals.alarms) + (totals.alarms == 1 ? " alarm" : " alarms")) +
         " in " + std::to_string(totals.samples) + (totals.samples == 1 ? " sample" : " samples") +
         " over " + elapsed_text(static_cast<std::uint64_t>(totals.span.count()) * 1'000'000) +
         ": " + std::to_string(totals.tasks_first) + " -> " +
         members_text(false, totals.tasks_last) +
         (change == 0 ? "" : " (" + signed_text(change) + ")") +
         (totals.incomplete == 0
              ? ""
              : "; not everything could be seen in " + std::to_string(totals.incomplete)) +
         "\n";
}

}  // namespace xgops::cli
