// SPDX-License-Identifier: MIT
// How a user says which process is meant: the same in every command.
#pragma once

#include "client/session.hpp"
#include "client/target.hpp"
#include "commands/command.hpp"
#include "commands/option_set.hpp"
#include "report/process.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace xgops::cli {

struct TargetOptions {
  std::string pid;
  std::string name;
  std::string argument;
};

/// Declares `-p PID` and `-n NAME`.
void attach_target_names(OptionSet& options, TargetOptions& target);
/// The same and a positional PID.
void attach_target_options(OptionSet& options, TargetOptions& target);

/// Errors: `Failure::kUsage` when nothing, several things or no number was given.
[[nodiscard]] Result<Selector> selector_of(const TargetOptions& options);

/// The process as reports name it; complete once the agent has answered.
[[nodiscard]] ProcessIdentity identity_of(const Target& target);

/// `error` with the process named.
[[nodiscard]] Error name_process(const Context& context, const Target& target, Error error);

/// How much longer than the agent we wait, so that an answer cut short at its deadline arrives.
inline constexpr std::chrono::milliseconds kGrace{1000};

/// Finds the target, connects, runs `ask` on the session, and names the process in every error.
/// `ask` is called with the target and the deadline of the whole answer and returns a Result.
template <class Ask>
auto with_target(Context& context, const TargetOptions& options, Ask&& ask)
    -> decltype(ask(std::declval<Target&>(), std::declval<const Deadline&>())) {
  const auto selector = selector_of(options);
  if (!selector) {
    return selector.error();
  }
  const Deadline deadline = Deadline::after(context.timeout + kGrace);
  auto target = open_target(context.places, *selector, deadline);
  if (!target) {
    return std::move(target).error();
  }
  auto answer = ask(*target, deadline);
  if (!answer) {
    return name_process(context, *target, std::move(answer).error());
  }
  return answer;
}

}  // namespace xgops::cli
