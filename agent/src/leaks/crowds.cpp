// SPDX-License-Identifier: MIT
#include "leaks/crowds.hpp"

#include <algorithm>
#include <utility>

namespace xgops::leaks {

void Crowds::look(std::uint64_t threshold, const OnGrowth& on_growth) {
  forget_old_chains();
  Look look;
  look_at_tasks(0, tables_, look);
  std::map<Site, Crowd> now;
  for (const SeenTask& task : look.tasks) {
    Crowd& crowd = now[{task.created_at, task.wait, task.chain}];
    ++crowd.count;
    crowd.oldest_ns = std::max(crowd.oldest_ns, task.age_ns);
  }
  for (const auto& [site, crowd] : now) {
    const auto before = crowds_.find(site);
    const std::uint64_t known = before == crowds_.end() ? 0 : before->second.count;
    if (has_looked_ && crowd.count > known && crowd.count - known > threshold) {
      on_growth(site, known, crowd);
    }
  }
  crowds_ = std::move(now);
  has_looked_ = true;
}

void Crowds::forget_old_chains() {
  constexpr std::size_t kSpare = 256;  // So that small programs do not do this each time.
  if (tables_.chains.size() <= 2 * crowds_.size() + kSpare) {
    return;
  }
  Chains chains;
  std::map<Site, Crowd> crowds;
  for (const auto& [site, crowd] : crowds_) {
    const auto& [created_at, wait, chain] = site;
    crowds.emplace(Site{created_at, wait, chains.intern(tables_.chains.at(chain))}, crowd);
  }
  tables_.chains = std::move(chains);
  crowds_ = std::move(crowds);
}

}  // namespace xgops::leaks
