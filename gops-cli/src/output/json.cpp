// SPDX-License-Identifier: MIT
// All reports but stacks as JSON.
#include "output/json.hpp"

#include "output/json_parts.hpp"
#include "support/failure.hpp"

#include <optional>

namespace xgops::cli {
namespace {

std::string_view status_id(ProcessStatus status) {
  switch (status) {
    case ProcessStatus::kOk:
      return "ok";
    case ProcessStatus::kNoAgent:
      return "no_agent";
    case ProcessStatus::kOtherUser:
      return "other_user";
    case ProcessStatus::kNoAnswer:
      return "no_answer";
    case ProcessStatus::kTooOld:
      return "too_old";
    case ProcessStatus::kTooNew:
      return "too_new";
    case ProcessStatus::kBadAnswer:
      return "bad_answer";
  }
  return "bad_answer";
}

template <class Number>
Json number_or_null(const std::optional<Number>& number) {
  return number ? Json(*number) : Json();
}

/// `now - before` for unsigned counters that may also have shrunk.
std::int64_t difference(std::uint64_t now, std::uint64_t before) {
  return static_cast<std::int64_t>(now - before);
}

Json changes_between(const protocol::Vitals::Response& now,
                     const protocol::Vitals::Response& before) {
  Json changes = Json::object();
  changes["interval_s"] = static_cast<double>(difference(now.uptime_ns, before.uptime_ns)) / 1e9;
  changes["tasks"] = difference(now.tasks, before.tasks);
  changes["os_threads"] = difference(now.os_threads, before.os_threads);
  changes["rss_bytes"] = difference(now.rss_bytes, before.rss_bytes);
  changes["virtual_bytes"] = difference(now.virtual_bytes, before.virtual_bytes);
  changes["cpu_time_s"] =
      static_cast<double>(difference(now.cpu_time_ns, before.cpu_time_ns)) / 1e9;
  changes["open_fds"] = difference(now.open_fds, before.open_fds);
  return changes;
}

}  // namespace

std::string document_json(const DocumentReport& report) {
  Json document = begin_document(report.command);
  document["text"] = report.text;
  return finish(document);
}

std::string list_json(const ListReport& report) {
  Json document = begin_document("list");
  Json processes = Json::array();
  for (const ListedProcess& process : report.processes) {
    Json object = Json::object();
    object["pid"] = process.pid;
    object["ppid"] = process.parent_pid > 0 ? Json(process.parent_pid) : Json();
    object["name"] = process.name;
    object["path"] = text_or_null(process.path);
    object["tasks"] = number_or_null(process.tasks);
    object["threads"] = number_or_null(process.threads);
    object["uptime_s"] = process.uptime_ns ? Json(seconds(*process.uptime_ns)) : Json();
    object["agent"] = text_or_null(process.agent);
    object["status"] = status_id(process.status);
    object["reason"] = text_or_null(process.reason);
    processes.push_back(std::move(object));
  }
  document["processes"] = std::move(processes);
  document["not_inspected"] = report.not_inspected;
  return finish(document);
}

std::string vitals_json(const VitalsReport& report) {
  const protocol::Vitals::Response& now = report.now;
  Json document = begin_document("vitals");
  add_process(document, report.process);
  document["tasks"] = now.tasks;
  document["os_threads"] = now.os_threads;
  document["cpu_count"] = now.cpu_count;
  document["cpu_quota"] = now.cpu_quota_millis != 0 ? Json(now.cpu_quota_millis / 1e3) : Json();
  Json load = Json::array();
  for (const std::uint32_t millis : now.load_millis) {
    load.push_back(millis / 1e3);
  }
  document["load_average"] = std::move(load);
  document["rss_bytes"] = now.rss_bytes;
  document["virtual_bytes"] = now.virtual_bytes;
  document["uptime_s"] = seconds(now.uptime_ns);
  document["cpu_time_s"] = seconds(now.cpu_time_ns);
  document["open_fds"] = now.open_fds;
  document["fd_limit"] = now.fd_limit;
  document["requests_served"] = now.requests_served;
  document["peers_refused"] = now.peers_refused;
  if (report.before) {
    document["changes"] = changes_between(now, *report.before);
  }
  return finish(document);
}

std::string threads_json(const ThreadsReport& report) {
  ThreadNames names;
  for (const protocol::ThreadFacts& thread : report.threads) {
    names[thread.tid] = thread.name;
  }
  Json document = begin_document("threads");
  add_process(document, report.process);
  Json threads = Json::array();
  for (const protocol::ThreadFacts& thread : report.threads) {
    threads.push_back(thread_facts(thread, names));
  }
  document["threads"] = std::move(threads);
  document["dropped"] = report.dropped;
  document["truncated"] = report.truncated;
  add_cost(document, report.cost);
  return finish(document);
}

std::string error_json(const Error& error) {
  Json document = begin_document("error");
  Json object = Json::object();
  object["kind"] = kind_of(error);
  object["message"] = sentence_of(error);
  object["hint"] = text_or_null(error.hint);
  object["exit_status"] = static_cast<int>(exit_status_of(error));
  document["error"] = std::move(object);
  return finish(document);
}

}  // namespace xgops::cli
