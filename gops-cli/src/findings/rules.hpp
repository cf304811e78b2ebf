// SPDX-License-Identifier: MIT
// The rules of `xgops diagnose`.
#pragma once

#include "findings/analysis.hpp"
#include "report/findings.hpp"

#include <string_view>
#include <vector>

namespace xgops::cli {

struct Rule {
  std::string_view id;
  std::string_view summary;  ///< One sentence without a full stop.
  /// Applied when none is named. Rules that may take what is meant for a mistake are not.
  bool by_default = true;
  /// Whether the second look has to be as late as the longest time that a task should run.
  bool measures_time = false;
  std::vector<Finding> (*apply)(const Analysis& analysis) = nullptr;
};

/// All rules, those with the most certain findings first.
[[nodiscard]] const std::vector<Rule>& all_rules();

/// Keeps of members, and of those behind them, the first few: as many as one reads.
void limit_evidence(Finding& finding);

// Where who waits for whom decides. These name all members, and all behind them.
[[nodiscard]] std::vector<Finding> find_deadlocks(const Analysis& analysis);
[[nodiscard]] std::vector<Finding> find_gone_holders(const Analysis& analysis);
[[nodiscard]] std::vector<Finding> find_nobody_can_run(const Analysis& analysis);

// Where what executors do decides.
[[nodiscard]] std::vector<Finding> find_starved_executors(const Analysis& analysis);
[[nodiscard]] std::vector<Finding> find_asleep_executors(const Analysis& analysis);
[[nodiscard]] std::vector<Finding> find_stalls(const Analysis& analysis);
[[nodiscard]] std::vector<Finding> find_locks_across_suspensions(const Analysis& analysis);

// Where age and numbers decide.
[[nodiscard]] std::vector<Finding> find_never_resumed(const Analysis& analysis);
[[nodiscard]] std::vector<Finding> find_convoys(const Analysis& analysis);
[[nodiscard]] std::vector<Finding> find_old_reads(const Analysis& analysis);

// Where what is known of coroutines decides.
[[nodiscard]] std::vector<Finding> find_lost_exceptions(const Analysis& analysis);
[[nodiscard]] std::vector<Finding> find_large_frames(const Analysis& analysis);

}  // namespace xgops::cli
