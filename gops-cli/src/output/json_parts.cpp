// SPDX-License-Identifier: MIT
// What the JSON renderers share.
#include "output/json_parts.hpp"

#include "output/escape.hpp"

namespace xgops::cli {
namespace {

Json wait_object(const protocol::Wait& wait, const ThreadNames& names) {
  Json object = Json::object();
  object["reason"] = wait_reason_id(wait.reason);
  object["owner_tid"] = wait.owner_tid != 0 ? Json(wait.owner_tid) : Json();
  const auto owner = names.find(wait.owner_tid);
  object["owner_name"] = owner != names.end() ? Json(owner->second) : Json();
  object["owner_state"] = owner_state_id(wait.owner_state);
  object["fd"] = wait.fd >= 0 ? Json(wait.fd) : Json();
  object["detail"] = text_or_null(wait.detail);
  object["inferred"] = wait.inferred;
  object["object"] = wait.object != 0 ? Json(hex_text(wait.object)) : Json();
  object["readers"] = wait.readers;
  object["timed"] = wait.timed;
  object["timeout_s"] =
      wait.timeout_ns >= 0 ? Json(seconds(static_cast<std::uint64_t>(wait.timeout_ns))) : Json();
  object["system_call"] = wait.system_call >= 0 ? Json(wait.system_call) : Json();
  return object;
}

}  // namespace

std::string finish(const Json& document) {
  return document.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

Json begin_document(std::string_view command) {
  Json document = Json::object();
  document["schema"] = "xgops." + std::string(command) + "/1";
  return document;
}

void add_process(Json& document, const ProcessIdentity& process) {
  document["pid"] = process.pid;
  document["namespace_pid"] = process.namespace_pid;
  document["name"] = process.name;
  document["agent"] = process.agent;
}

void add_cost(Json& document, const protocol::Cost& cost) {
  constexpr double kMillisecond = 1e6;
  Json object = Json::object();
  object["elapsed_ms"] = static_cast<double>(cost.elapsed_ns) / kMillisecond;
  object["cpu_ms"] = static_cast<double>(cost.cpu_ns) / kMillisecond;
  object["interrupted"] = cost.interrupted;
  document["cost"] = std::move(object);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

double seconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e9;
}

Json thread_facts(const protocol::ThreadFacts& thread, const ThreadNames& names) {
  Json object = Json::object();
  object["tid"] = thread.tid;
  object["name"] = thread.name;
  object["state"] = state_id(thread.state);
  object["agent_thread"] = thread.is_agent;
  object["cpu_s"] = seconds(thread.cpu_ns);
  object["age_s"] = thread.state_age_ns >= 0
                        ? Json(seconds(static_cast<std::uint64_t>(thread.state_age_ns)))
                        : Json();
  object["wait"] = wait_object(thread.wait, names);
  return object;
}

}  // namespace xgops::cli
