// SPDX-License-Identifier: MIT
// What `xgops leaks` found.
#pragma once

#include "report/findings.hpp"
#include "report/process.hpp"
#include "report/proof.hpp"
#include "report/site_group.hpp"
#include "xgops/protocol/messages/cost.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xgops::cli {

/// What is said of a group, the strongest first.
enum class LeakClass : std::uint8_t {
  kBlocked,  ///< None of it will ever go on.
  kGrowing,  ///< It has more members than in the look before.
  kSuspect,  ///< A proof was asked for and found little that leads to some.
  kOld,      ///< Some of it have waited for long.
  kNone,
};

/// The word for it, for people and programs; "" for `kNone`.
constexpr const char* id_of(LeakClass leak_class) noexcept {
  switch (leak_class) {
    case LeakClass::kBlocked:
      return "blocked";
    case LeakClass::kGrowing:
      return "growing";
    case LeakClass::kSuspect:
      return "suspect";
    case LeakClass::kOld:
      return "old";
    case LeakClass::kNone:
      break;
  }
  return "";
}

struct LeakRow {
  SiteGroup group;
  LeakClass leak_class = LeakClass::kNone;
  Evidence evidence = Evidence::kNone;  ///< Of those that are blocked for good.
  std::optional<std::uint64_t> before;  ///< Members in the look before; nothing: there was none.
  bool finding = false;                 ///< Blocked, or grown by more than the alarm.

  [[nodiscard]] std::int64_t growth() const {
    return static_cast<std::int64_t>(group.count) -
           static_cast<std::int64_t>(before.value_or(group.count));
  }
};

/// Why somebody is blocked for good.
struct LeakReason {
  std::string rule;      ///< "deadlock"
  std::string sentence;  ///< Contains untrusted text.
};

/// One look of `--watch`.
struct LeakSample {
  std::uint32_t number = 1;
  std::optional<std::uint64_t> tasks_before;  ///< In the sample before.
  std::chrono::milliseconds interval{0};
};

struct LeaksReport {
  ProcessIdentity process;
  std::chrono::system_clock::time_point time;  ///< Of the last look.
  std::vector<LeakRow> rows;                   ///< All groups, those with something to say first.
  std::vector<LeakReason> reasons;
  std::uint64_t alarm = 0;
  std::chrono::milliseconds older{0};
  std::optional<std::chrono::milliseconds> between;  ///< From the look before to the last.
  std::uint64_t threads = 0;                         ///< Looked at, without the agent's own.
  std::uint64_t tasks = 0;
  bool all = false;                   ///< Also groups of which nothing is said are to be shown.
  bool incomplete = false;            ///< A look lacked something.
  std::optional<ProofSummary> proof;  ///< Nothing: it was not asked for.
  std::optional<LeakSample> sample;   ///< Of `--watch`; nothing is said of what is blocked or old.
  protocol::Cost cost;

  [[nodiscard]] std::size_t findings() const {
    std::size_t count = 0;
    for (const LeakRow& row : rows) {
      count += row.finding ? 1U : 0U;
    }
    return count;
  }
};

/// What all samples of `--watch` come to.
struct LeakTotals {
  std::chrono::system_clock::time_point time;
  std::uint32_t samples = 0;
  std::uint32_t incomplete = 0;  ///< Samples that lacked something.
  std::uint64_t alarms = 0;
  std::uint64_t tasks_first = 0;
  std::uint64_t tasks_last = 0;
  std::chrono::milliseconds span{0};
};

}  // namespace xgops::cli
