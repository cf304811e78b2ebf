// SPDX-License-Identifier: MIT
#include "commands/leaks_looker.hpp"

#include "support/failure.hpp"

#include <string>

namespace xgops::cli {

Result<Look> LeaksLooker::look() {
  return with_target(context_, target_,
                     [&](Target& target, const Deadline& deadline) -> Result<Look> {
                       auto look = take_look(target, deadline, looking_);
                       if (!look) {
                         return look;
                       }
                       if (auto same = check_same(target); !same) {
                         return std::move(same).error();
                       }
                       return look;
                     });
}

Result<void> LeaksLooker::announce_proof(const ProofOptions& options) {
  return with_target(context_, target_,
                     [&](Target& target, const Deadline& deadline) -> Result<void> {
                       const auto estimate = estimate_proof(target, deadline, options);
                       if (!estimate) {
                         return estimate.error();
                       }
                       if (auto same = check_same(target); !same) {
                         return same;
                       }
                       auto told = context_.warn(announcement_of(estimate->estimate, options));
                       return told ? check_allowed(*estimate) : std::move(told);
                     });
}

Result<ProofAnswer> LeaksLooker::prove(const ProofOptions& options) {
  return with_target(
      context_, target_, [&](Target& target, const Deadline& deadline) -> Result<ProofAnswer> {
        if (auto greeted = target.session.greet(deadline); !greeted) {
          return std::move(greeted).error();
        }
        if (auto same = check_same(target); !same) {
          return std::move(same).error();
        }
        return take_proof(target, Deadline::after(options.timeout + kGrace), options);
      });
}

Result<void> LeaksLooker::check_same(const Target& target) {
  const auto& instance = target.session.hello().instance_id;
  if (instance_ && instance != *instance_) {
    return failure(Failure::kNoProcess, "it is not the process of the look before",
                   "did it call exec, or restart its agent?");
  }
  instance_ = instance;
  target_ = TargetOptions();
  target_.pid = std::to_string(target.pid);
  return {};
}

}  // namespace xgops::cli
