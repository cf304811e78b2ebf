// SPDX-License-Identifier: MIT
// Durations and sizes as people write and read them.
#pragma once

#include "xgops/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace xgops::cli {

/// Reads `250ms`, `1s`, `1.5s`, `2min`, `1h`, or a plain number of seconds; not negative and at
/// most a day. Errors: `Failure::kUsage`.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Reads `512MiB`, `2GiB`, `1.5G`, `64k`, or a plain number of bytes; units are powers of 1024.
/// Errors: `Failure::kUsage`, also for 0.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

/// How long something has lasted, in its largest unit: "<1 ms", "12 ms", "2 s", "3 min", "5 h",
/// "4 d".
[[nodiscard]] std::string age_text(std::int64_t nanoseconds);

/// How long something took, with two significant digits where that helps: "840 us", "3.1 ms",
/// "12 ms", "1.2 s".
[[nodiscard]] std::string elapsed_text(std::uint64_t nanoseconds);

/// Time since a start, in two units: "42s", "3m 12s", "1h 05m", "2d 3h".
[[nodiscard]] std::string uptime_text(std::uint64_t nanoseconds);

/// "512 B", "12.3 MiB", "1.2 GiB".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// `value / scale` with `digits` decimals, rounded to nearest: decimal_text(1520, 1000, 2) is
/// "1.52".
[[nodiscard]] std::string decimal_text(std::uint64_t value, std::uint64_t scale, int digits);

}  // namespace xgops::cli
