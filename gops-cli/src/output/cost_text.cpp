// SPDX-License-Identifier: MIT
// The last line of a report: how much there was, what it cost, what is missing.
#include "output/text.hpp"
#include "support/duration.hpp"

namespace xgops::cli {
namespace {

std::string count_text(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string interrupted_text(const protocol::Cost& cost) {
  return ", " + std::to_string(cost.interrupted) + " interrupted";
}

std::string missing_text(std::uint64_t ended, std::uint64_t changed, bool truncated) {
  std::string text;
  text += ended > 0 ? ", " + std::to_string(ended) + " ended meanwhile" : "";
  text += changed > 0 ? ", " + count_text(changed, "task") + " changed too fast to be read" : "";
  text += truncated ? ", cut short at the deadline" : "";
  return text;
}

}  // namespace

std::string cost_line(std::size_t threads, const protocol::Cost& cost, std::uint32_t dropped,
                      bool truncated) {
  return count_text(threads, "thread") + " in " + elapsed_text(cost.elapsed_ns) +
         interrupted_text(cost) + missing_text(dropped, 0, truncated);
}

std::string cost_line(const TaskTable& table) {
  return count_text(table.total, "task") + " in " + elapsed_text(table.cost.elapsed_ns) +
         missing_text(0, table.dropped, table.truncated);
}

std::string cost_line(const StackReport& report) {
  const bool no_tasks = !report.tasks || (report.tasks->total == 0 && report.tasks->dropped == 0 &&
                                          !report.tasks->truncated);
  if (no_tasks && report.with_threads) {
    return cost_line(report.threads.size(), report.cost, report.dropped, report.truncated);
  }
  if (!report.with_threads) {
    return report.tasks ? cost_line(*report.tasks) : std::string();
  }
  const TaskTable& tasks = *report.tasks;
  return count_text(report.threads.size(), "thread") + " and " + count_text(tasks.total, "task") +
         " in " + elapsed_text(report.cost.elapsed_ns + tasks.cost.elapsed_ns) +
         interrupted_text(report.cost) +
         missing_text(report.dropped, tasks.dropped, report.truncated || tasks.truncated);
}

}  // namespace xgops::cli
