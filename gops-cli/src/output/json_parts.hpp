// SPDX-License-Identifier: MIT
// What the JSON renderers share.
#pragma once

#include "output/wait_text.hpp"
#include "report/process.hpp"
#include "xgops/protocol/messages/cost.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace xgops::cli {

using Json = nlohmann::ordered_json;

/// The text on one line, ended by a newline. Pure ASCII: what is not, or not UTF-8, is escaped or
/// replaced, so that no name in it can command a terminal.
[[nodiscard]] std::string finish(const Json& document);

/// An object that begins with `"schema": "xgops.<command>/1"`.
[[nodiscard]] Json begin_document(std::string_view command);

/// Adds `pid`, `namespace_pid`, `name` and `agent`.
void add_process(Json& document, const ProcessIdentity& process);
void add_cost(Json& document, const protocol::Cost& cost);

/// `text`, or null when it is empty.
[[nodiscard]] Json text_or_null(const std::string& text);
[[nodiscard]] double seconds(std::uint64_t nanoseconds);

/// tid, name, state, agent_thread, cpu_s, age_s, wait: what each thread of a report begins with.
[[nodiscard]] Json thread_facts(const protocol::ThreadFacts& thread, const ThreadNames& names);

}  // namespace xgops::cli
