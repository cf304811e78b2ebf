// SPDX-License-Identifier: MIT
// The process list as a table and as tab-separated lines.
#include "output/escape.hpp"
#include "output/style.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "support/duration.hpp"

#include <vector>

namespace xgops::cli {
namespace {

template <class Number>
std::string number_or_dash(const std::optional<Number>& number) {
  return number ? std::to_string(*number) : "-";
}

/// The version of its agent, or in two words why there is none to talk to.
std::string agent_cell(const ListedProcess& process) {
  switch (process.status) {
    case ProcessStatus::kOk:
      return or_dash(escape(process.agent));
    case ProcessStatus::kNoAgent:
      return "none";
    case ProcessStatus::kOtherUser:
      return "other user";
    case ProcessStatus::kNoAnswer:
      return "no answer";
    case ProcessStatus::kTooOld:
      return "too old";
    case ProcessStatus::kTooNew:
      return "too new";
    case ProcessStatus::kBadAnswer:
      return "bad answer";
  }
  return "-";
}

/// PID, PPID, NAME, TASKS, THREADS, UPTIME, AGENT, PATH
std::vector<std::string> cells_of(const ListedProcess& process) {
  return {std::to_string(process.pid),
          process.parent_pid > 0 ? std::to_string(process.parent_pid) : "-",
          or_dash(escape(process.name)),
          number_or_dash(process.tasks),
          number_or_dash(process.threads),
          process.uptime_ns ? uptime_text(*process.uptime_ns) : "-",
          agent_cell(process),
          or_dash(escape(process.path))};
}

}  // namespace

std::string list_text(const ListReport& report, const Presentation& presentation) {
  std::vector<Column> columns{
      {"PID", Align::kRight},     {"PPID", Align::kRight},   {"NAME"},  {"TASKS", Align::kRight},
      {"THREADS", Align::kRight}, {"UPTIME", Align::kRight}, {"AGENT"}, {"PATH"}};
  if (report.all) {
    columns.insert(columns.begin(), Column{""});
  }
  Table table(std::move(columns));
  for (const ListedProcess& process : report.processes) {
    std::vector<std::string> cells = cells_of(process);
    if (report.all) {
      cells.insert(cells.begin(), process.status == ProcessStatus::kNoAgent ? "" : "*");
    }
    table.add(std::move(cells));
  }
  return table.render(Style(presentation.color));
}

std::string list_tsv(const ListReport& report) {
  std::string out;
  for (const ListedProcess& process : report.processes) {
    const char* separator = "";
    for (const std::string& cell : cells_of(process)) {
      out.append(separator).append(cell);
      separator = "\t";
    }
    out += '\n';
  }
  return out;
}

}  // namespace xgops::cli
