// SPDX-License-Identifier: MIT
// Which groups of tasks and threads may be leaked, and what speaks for it.
#pragma once

#include "findings/analysis.hpp"
#include "report/leaks.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace xgops::cli {

struct LeakOptions {
  std::uint64_t alarm = 100;  ///< A group that grows by more is a finding.
  std::chrono::milliseconds older{std::chrono::minutes(5)};  ///< Who waits for so long is old.
};

/// Why the actors of the second look (threads, then tasks) will never go on, by the rules about who
/// waits for whom. What is known of a group of them goes into `reasons`.
[[nodiscard]] std::vector<Evidence> evidence_of(const Analysis& analysis,
                                                std::vector<LeakReason>& reasons);

/// All groups of the second look, judged; nothing is said of time and cost. `proof`, if there is
/// one, was taken between the looks.
[[nodiscard]] LeaksReport judge_leaks(const Analysis& analysis, const LeakOptions& options,
                                      const ProofAnswer* proof = nullptr);

/// The groups of a look, for what comes later to be compared with.
struct EarlierGroups {
  std::vector<SiteGroup> groups;
  std::uint64_t unseen = 0;  ///< Tasks that changed while they were read: any group may have more.
};
/// Empty: who came since cannot be told, for not all could be seen in time.
[[nodiscard]] std::optional<EarlierGroups> remember_groups(const Look& look,
                                                           std::vector<SiteGroup> groups);

/// The groups `now`, compared with those before, if there were any: grown or not.
[[nodiscard]] std::vector<LeakRow> compare_groups(const std::optional<EarlierGroups>& before,
                                                  std::vector<SiteGroup> now, std::uint64_t alarm);

}  // namespace xgops::cli
