// SPDX-License-Identifier: MIT
#include "findings/proof_rules.hpp"

#include "findings/site_groups.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace xgops::cli {
namespace {

using protocol::ProofHolder;
using protocol::ProofReason;
using protocol::ProofVerdict;
using protocol::TaskProof;

/// From here on threads are not told apart any more: marks of groups are small numbers.
constexpr std::size_t kManyStories = 150;

using Proofs = std::unordered_map<std::uint64_t, TaskProof>;

Proofs proofs_by_id(const ProofAnswer& answer) {
  Proofs proofs;
  for (const TaskProof& proof : answer.tasks) {
    proofs.emplace(proof.id, proof);
  }
  return proofs;
}

/// Of what the same is said.
using Story = std::tuple<ProofVerdict, ProofReason, ProofHolder, std::int32_t, bool>;

class Stories {
 public:
  /// `kNotGrouped`: there are more than any agent of ours would tell.
  std::uint8_t mark_of(const TaskProof& proof, bool blocked) {
    const std::int32_t tid = stories_.size() < kManyStories ? proof.holder_tid : 0;
    const Story story{proof.verdict, proof.reason, proof.holder, tid, blocked};
    const auto found = stories_.find(story);
    if (found != stories_.end() || stories_.size() == kNotGrouped) {
      return found == stories_.end() ? kNotGrouped : found->second;
    }
    const auto mark = static_cast<std::uint8_t>(stories_.size());
    stories_.emplace(story, mark);
    return mark;
  }

 private:
  std::map<Story, std::uint8_t> stories_;
};

/// Names of what a verdict refers to.
class Holders {
 public:
  explicit Holders(const Look& look) : look_(look) {}

  void describe(ProofRow& row) const {
    const TaskProof& proof = row.first;
    if (proof.holder == ProofHolder::kTask || proof.holder == ProofHolder::kLiveTask) {
      for (const protocol::Task& task : look_.tasks()) {
        if (task.id == proof.holder_address) {
          row.holder_name = look_.stacks.tasks->text(task.name);
        }
      }
      return;
    }
    for (const ReportThread& thread : look_.threads()) {
      if (proof.holder_tid != 0 && thread.facts.tid == proof.holder_tid) {
        row.holder_name = thread.facts.name;
      }
    }
    for (const protocol::Module& module : look_.stacks.table.modules) {
      if (proof.holder == ProofHolder::kGlobal && module.begin <= proof.holder_address &&
          proof.holder_address < module.end) {
        row.module = module.path.substr(module.path.rfind('/') + 1);
        row.offset = proof.holder_address - module.bias;
      }
    }
  }

 private:
  const Look& look_;
};

}  // namespace

void keep_what_still_holds(const Look& look, ProofAnswer& answer) {
  std::unordered_map<std::uint64_t, std::uint32_t> resumed;
  for (const protocol::Task& task : look.tasks()) {
    resumed.emplace(task.id, task.resumed);
  }
  std::uint64_t contradicted = 0;
  const auto gone = [&](const TaskProof& proof) {
    const auto found = resumed.find(proof.id);
    if (found == resumed.end()) {
      return true;  // Also tasks that nobody can wake may be destroyed.
    }
    if (found->second != proof.resumed && proof.verdict == ProofVerdict::kProven) {
      contradicted = proof.id;
    }
    return found->second != proof.resumed;
  };
  const auto kept = std::remove_if(answer.tasks.begin(), answer.tasks.end(), gone);
  answer.changed += static_cast<std::uint64_t>(answer.tasks.end() - kept);
  answer.tasks.erase(kept, answer.tasks.end());
  if (contradicted == 0) {
    return;
  }
  answer.doubts.push_back("task " + std::to_string(contradicted) +
                          " went on although nothing led to it: the program keeps pointers where "
                          "they cannot be seen");
  for (TaskProof& proof : answer.tasks) {
    if (proof.verdict == ProofVerdict::kProven) {
      proof.verdict = ProofVerdict::kSuspect;
      proof.reason = ProofReason::kDoubt;
    }
  }
}

void add_proofs(const Look& look, const ProofAnswer& answer, std::vector<Evidence>& evidence) {
  const Proofs proofs = proofs_by_id(answer);
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    const auto found = proofs.find(look.tasks()[i].id);
    if (found != proofs.end() && found->second.verdict == ProofVerdict::kProven) {
      Evidence& known = evidence[look.threads().size() + i];
      known = known == Evidence::kNone ? Evidence::kUnreachable
                                       : std::min(known, Evidence::kUnreachable);
    }
  }
}

ProofSummary summarize(const Look& look, const ProofAnswer& answer,
                       const std::vector<Evidence>& evidence) {
  ProofSummary summary;
  summary.estimate = answer.estimate;
  summary.costs = answer.costs;
  summary.limit_bytes = answer.limit_bytes;
  summary.problem = answer.problem;
  summary.doubts = answer.doubts;
  summary.changed = answer.changed;

  const Proofs proofs = proofs_by_id(answer);
  const std::size_t threads = look.threads().size();
  Stories stories;
  std::vector<std::uint8_t> marks(evidence.size(), kNotGrouped);
  std::vector<bool> blocked_marks(std::size_t{kNotGrouped} + 1);
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    const auto found = proofs.find(look.tasks()[i].id);
    if (found == proofs.end()) {
      continue;
    }
    const bool blocked = evidence[threads + i] != Evidence::kNone;
    marks[threads + i] = stories.mark_of(found->second, blocked);
    blocked_marks[marks[threads + i]] = blocked;
    switch (found->second.verdict) {
      case ProofVerdict::kProven:
        ++summary.proven;
        break;
      case ProofVerdict::kSuspect:
        ++summary.suspects;
        break;
      case ProofVerdict::kReachable:
        ++summary.reachable;
        break;
    }
  }
  const Holders holders(look);
  for (SiteGroup& group : group_by_site(look, marks)) {
    ProofRow row;
    row.first = proofs.at(group.ids.front());
    row.blocked = blocked_marks[group.mark];
    row.group = std::move(group);
    holders.describe(row);
    summary.rows.push_back(std::move(row));
  }
  std::stable_sort(summary.rows.begin(), summary.rows.end(),
                   [](const ProofRow& a, const ProofRow& b) {
                     return std::tuple(a.first.verdict, -static_cast<std::int64_t>(a.group.count)) <
                            std::tuple(b.first.verdict, -static_cast<std::int64_t>(b.group.count));
                   });
  return summary;
}

}  // namespace xgops::cli
