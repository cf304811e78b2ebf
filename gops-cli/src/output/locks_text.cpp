// SPDX-License-Identifier: MIT
// Locks as a table.
#include "output/escape.hpp"
#include "output/style.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "support/duration.hpp"

#include <algorithm>

namespace xgops::cli {
namespace {

constexpr std::size_t kMostNamed = 6;

std::string party_text(const Party& party) {
  std::string text = (party.is_thread ? "thread " : "task ") + std::to_string(party.id);
  if (!party.name.empty()) {
    text += " \"" + escape(party.name) + '"';
  }
  return party.gone ? text + " (ended)" : text;
}

std::string parties_text(const std::vector<Party>& parties) {
  std::string text;
  for (std::size_t i = 0; i < std::min(parties.size(), kMostNamed); ++i) {
    text += (i == 0 ? "" : ", ") + party_text(parties[i]);
  }
  if (parties.size() > kMostNamed) {
    text += ", " + std::to_string(parties.size() - kMostNamed) + " more";
  }
  return text;
}

std::string holders_text(const LockRow& lock) {
  std::string text = parties_text(lock.holders);
  if (lock.unnamed_holders > 0) {
    text += (text.empty() ? "" : " and ") + std::to_string(lock.unnamed_holders) +
            (lock.unnamed_holders == 1 ? " other" : " others");
  }
  return text.empty() ? "-" : text;
}

}  // namespace

std::string locks_text(const LocksReport& report, const Presentation& presentation) {
  Table table({{"LOCK"},
               {"ADDRESS"},
               {"HELD BY"},
               {"WAITERS", Align::kRight},
               {"LONGEST", Align::kRight},
               {"WHO WAITS"}});
  for (const LockRow& lock : report.locks) {
    table.add({lock.detail.empty() ? lock.kind : lock.kind + " (" + escape(lock.detail) + ")",
               lock.address == 0 ? "-" : hex_text(lock.address), holders_text(lock),
               std::to_string(lock.waiters.size()),
               lock.longest_ns < 0 ? "-" : age_text(lock.longest_ns), parties_text(lock.waiters)});
  }
  std::string out = report.locks.empty() ? std::string() : table.render(Style(presentation.color));
  const std::size_t count = report.locks.size();
  out += (count == 0 ? "nobody waits for a lock without a timeout"
                     : std::to_string(count) + (count == 1 ? " is waited for" : " are waited for"));
  out += ": " + std::to_string(report.threads) + (report.threads == 1 ? " thread" : " threads");
  if (report.tasks > 0) {
    out += " and " + std::to_string(report.tasks) + (report.tasks == 1 ? " task" : " tasks");
  }
  return out + " looked at in " + elapsed_text(report.cost.elapsed_ns) + "\n";
}

}  // namespace xgops::cli
