// SPDX-License-Identifier: MIT
// Groups of tasks and threads, in words and for programs.
#pragma once

#include "output/json_parts.hpp"
#include "report/site_group.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace xgops::cli {

/// `340 tasks`, `1 thread`
[[nodiscard]] std::string members_text(bool of_threads, std::uint64_t count);
/// `ask(Channel&) leak.cpp:20`, escaped; `-`: not known.
[[nodiscard]] std::string where_text(const SourcePlace& place);
/// `leak.cpp:31`; `-`: not known.
[[nodiscard]] std::string created_text(const SourcePlace& place);
/// `3 min`; `-`: not known.
[[nodiscard]] std::string age_or_dash(std::int64_t age_ns);
/// `5 threads and 341 tasks`, `5 threads and no task`
[[nodiscard]] std::string looked_at_text(std::uint64_t threads, std::uint64_t tasks);

/// `2024-05-11T14:03:20Z`
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point time);

/// kind, count, oldest_ns, youngest_ns, ids, wait, created, place, idle.
void add_group(Json& object, const SiteGroup& group);

}  // namespace xgops::cli
