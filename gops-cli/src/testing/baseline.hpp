// SPDX-License-Identifier: MIT
// Leaks that are known: a file, with a reason and an end for each.
#pragma once

#include "report/test.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::cli {

/// A day of the calendar, "2027-01-31", compared as text.
using Day = std::string;

/// The day at this moment, UTC.
[[nodiscard]] Day day_of(std::chrono::system_clock::time_point time);

/// Whether it is one of the form YYYY-MM-DD that exists.
[[nodiscard]] bool is_day(std::string_view text);

/// All that is set must fit; at least one of the first two is. Patterns know `*` and `?`.
struct KnownLeak {
  std::string fingerprint;
  std::string created_by;  ///< Pattern for the function.
  std::string wait;        ///< Pattern for the state: "timer", "mutex lock".
  std::string test;        ///< Pattern for the name of the test.
  std::string reason;
  Day expires;  ///< The last day on which it holds.
};

inline constexpr std::size_t kMaxBaselineBytes = std::size_t{4} << 20;
inline constexpr std::size_t kMaxKnownLeaks = 10'000;

/// Errors: `Failure::kUsage`, with the entry and what is wrong with it.
[[nodiscard]] Result<std::vector<KnownLeak>> parse_baseline(std::string_view file);

/// Marks the leaks that are known on `today`, and says what is to be said of entries: which have
/// expired and matched, which matched nothing.
void apply_baseline(const std::vector<KnownLeak>& known, const Day& today, TestsReport& report);

/// A file with an entry for each leak that is not known. The reasons are to be filled in: until
/// then the file is refused.
[[nodiscard]] std::string baseline_for(const TestsReport& report, const Day& expires);

/// `text` is `pattern`, in which `*` stands for any and `?` for one character.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace xgops::cli
