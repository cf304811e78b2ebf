// SPDX-License-Identifier: MIT
// `xgops list`: every process with an agent, and on request other C++ programs.
#include "client/discovery.hpp"
#include "client/probe.hpp"
#include "client/target.hpp"
#include "commands/command.hpp"
#include "proc/files.hpp"
#include "support/deadline.hpp"
#include "support/failure.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace xgops::cli {
namespace {

struct ListOptions {
  bool all = false;
  Format format = Format::kText;
};

using Rows = std::map<pid_t, ListedProcess>;

/// An agent that is alive answers in well under a millisecond; one that is stopped never does.
constexpr std::chrono::milliseconds kListTimeout{2000};
/// Deep enough for the maps of any program, shallow enough for thousands of them.
constexpr std::size_t kMaxMapsBytes = std::size_t{4} * 1024 * 1024;

ProcessStatus status_of(const Probe& probe) {
  const std::error_code& code = probe.outcome.error().code;
  if (code == Failure::kNoAnswer) {
    return ProcessStatus::kNoAnswer;
  }
  if (code == Failure::kIncompatible) {
    return probe.hello.min_version > protocol::kMaxVersion ? ProcessStatus::kTooNew
                                                           : ProcessStatus::kTooOld;
  }
  const bool denied = exit_status_of(probe.outcome.error()) == ExitStatus::kPermission;
  return denied ? ProcessStatus::kOtherUser : ProcessStatus::kBadAnswer;
}

/// What the kernel says about a process, where its agent says nothing.
void fill_from_table(const proc::Table& processes, std::uint64_t now_ns, ListedProcess& row) {
  if (const auto stat = processes.stat(row.pid)) {
    row.name = stat->name;
    row.parent_pid = stat->parent_pid;
    row.threads = stat->threads;
    const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    const std::uint64_t start_ns = stat->start_time_ticks * (1'000'000'000U / ticks);
    row.uptime_ns = now_ns > start_ns ? now_ns - start_ns : 0;
  }
  row.path = processes.executable(row.pid);
}

ListedProcess row_of(const Places& places, const Probe& probe) {
  ListedProcess row;
  row.pid = visible_pid(probe.peer, probe.address);
  row.agent = probe.hello.agent_version;
  if (!probe.outcome) {
    row.status = status_of(probe);
    row.reason = sentence_of(probe.outcome.error());
    fill_from_table(places.processes, places.processes.uptime_ns(), row);
    return row;
  }
  const protocol::ProcessInfo::Response& info = probe.info;
  row.name = info.name;
  row.path = info.path;
  row.tasks = info.tasks;
  row.threads = info.os_threads;
  row.uptime_ns = info.uptime_ns;
  row.agent = info.agent_version;
  row.parent_pid = info.parent_pid;
  if (row.pid != info.pid) {
    // The agent counts in its own PID namespace; the user of this tool does not.
    const auto stat = places.processes.stat(row.pid);
    row.parent_pid = stat ? stat->parent_pid : 0;
  }
  return row;
}

bool nobody_there(const Probe& probe) {
  if (probe.connected || probe.outcome) {
    return false;
  }
  const std::error_code& code = probe.outcome.error().code;
  return code == std::errc::connection_refused || code == std::errc::no_such_file_or_directory ||
         code == std::errc::not_a_socket;
}

/// Adds a row for every agent that lives; sweeps the sockets of those that do not.
void add_agents(const Places& places, std::vector<SocketAddress> addresses,
                const Deadline& deadline, Rows& rows) {
  for (Probe& probe : probe_all(std::move(addresses), places.uid, deadline)) {
    if (nobody_there(probe)) {
      if (probe.outcome.error().code == std::errc::connection_refused &&
          !process_exists(places.processes, probe.address.endpoint)) {
        remove_stale(probe.address, places.uid);
      }
      continue;
    }
    if (probe.outcome && !identity_holds(places, probe)) {
      probe.outcome = failure(Failure::kBadAnswer,
                              "its agent answers as process " + std::to_string(probe.hello.pid));
    }
    ListedProcess row = row_of(places, probe);
    // Two sockets of one process: the one that works counts.
    const auto [entry, is_new] = rows.try_emplace(row.pid, row);
    if (!is_new && entry->second.status != ProcessStatus::kOk) {
      entry->second = std::move(row);
    }
  }
}

void add_foreign(const Places& places, const std::vector<ForeignSocket>& sockets, Rows& rows) {
  for (const ForeignSocket& socket : sockets) {
    if (!process_exists(places.processes, socket.endpoint)) {
      continue;
    }
    ListedProcess row;
    row.pid = socket.endpoint.pid;
    row.status = ProcessStatus::kOtherUser;
    row.reason = "its agent serves another user";
    fill_from_table(places.processes, places.processes.uptime_ns(), row);
    rows.try_emplace(row.pid, std::move(row));
  }
}

/// Adds C++ programs without an agent. Returns how many processes may not be looked into.
std::uint32_t add_others(const Places& places, Rows& rows) {
  std::uint32_t not_inspected = 0;
  const std::uint64_t now_ns = places.processes.uptime_ns();
  for (const pid_t pid : places.processes.pids()) {
    if (rows.contains(pid) || pid == ::getpid()) {
      continue;
    }
    const auto maps = proc::read_file(places.processes.path(pid, "maps"), kMaxMapsBytes);
    if (!maps) {
      if (exit_status_of(maps.error()) == ExitStatus::kPermission) {
        ++not_inspected;
      }
      continue;
    }
    const std::string_view text = *maps;
    if (text.find("/libstdc++.so") == text.npos && text.find("/libc++.so") == text.npos) {
      continue;
    }
    ListedProcess row;
    row.pid = pid;
    row.status = ProcessStatus::kNoAgent;
    row.reason = "no agent";
    fill_from_table(places.processes, now_ns, row);
    rows.try_emplace(pid, std::move(row));
  }
  return not_inspected;
}

void add_notices(Report& report, const ListReport& list, uid_t caller) {
  for (const ListedProcess& process : list.processes) {
    if (process.status == ProcessStatus::kOk || process.status == ProcessStatus::kNoAgent ||
        process.status == ProcessStatus::kOtherUser) {
      continue;
    }
    report.notices.push_back({"process " + std::to_string(process.pid) + " \"" + process.name +
                              "\": " + process.reason});
  }
  if (list.not_inspected > 0) {
    const std::string count = std::to_string(list.not_inspected);
    report.notices.push_back(
        {count + (list.not_inspected == 1 ? " process" : " processes") +
             " could not be looked into",
         caller == 0 ? "the kernel denies it even to root: is this a container?"
                     : "they belong to other users; `sudo xgops list --all` shows them"});
  }
}

Result<Report> run(Context& context, const ListOptions& options) {
  if (context.presentation.format == Format::kText) {
    context.presentation.format = options.format;
  }
  const Deadline deadline = Deadline::after(context.timeout_given ? context.timeout : kListTimeout);
  FoundSockets found = find_sockets(context.places);
  Rows rows;
  add_agents(context.places, std::move(found.reachable), deadline, rows);
  ListReport list;
  list.all = options.all;
  if (options.all) {
    add_foreign(context.places, found.foreign, rows);
    list.not_inspected = add_others(context.places, rows);
  }
  for (auto& [pid, row] : rows) {
    list.processes.push_back(std::move(row));
  }
  Report report;
  add_notices(report, list, context.places.uid);
  if (list.processes.empty() && !options.all) {
    report.notices.push_back(
        {"no process with an xgops agent",
         "start a program with `xgops run -- PROGRAM`, or link it with xgops::agent\n"
         "`xgops list --all` shows C++ programs without one"});
  }
  report.body = std::move(list);
  return report;
}

}  // namespace

Command list_command() {
  return {
      .name = "list",
      .summary = "List the processes that can be inspected (default)",
      .description =
          "Lists every process with an xgops agent that you may see, in order of PID. An agent is "
          "listed when it answers, never because a file exists; sockets that dead processes left "
          "behind in your own directory are removed.\n\n"
          "A process whose agent cannot be talked to is listed with the reason in the column "
          "AGENT: "
          "no answer, too old, too new, other user, bad answer.\n\n"
          "As root it lists the agents of all users. Agents inside containers are found when you "
          "may look into them; PID and PPID are yours, not the container's. With XGOPS_DIR set, "
          "only that directory is searched.",
      .examples = {{"xgops", "every process with an agent"},
                   {"xgops list --all", "also C++ programs without one; `*` marks those with"},
                   {"xgops list --json | jq -r '.processes[].pid'", "for scripts"}},
      .attach = [](OptionSet& options) -> Action {
        auto parsed = std::make_shared<ListOptions>();
        options.flag("-a,--all", parsed->all, "Also list C++ programs that have no agent");
        options.choice("-f,--format", "FORMAT", parsed->format,
                       {{"text", Format::kText}, {"json", Format::kJson}, {"tsv", Format::kTsv}},
                       "text (default), json, or tsv: tab-separated, without heading");
        return [parsed](Context& context) { return run(context, *parsed); };
      },
  };
}

}  // namespace xgops::cli
