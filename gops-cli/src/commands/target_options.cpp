// SPDX-License-Identifier: MIT
// How a user says which process is meant.
#include "commands/target_options.hpp"

#include "client/diagnosis.hpp"
#include "support/failure.hpp"
#include "support/parse.hpp"

namespace xgops::cli {

void attach_target_names(OptionSet& options, TargetOptions& target) {
  options.text("-p,--pid", "PID", target.pid, "The process with this PID", Completes::kPid);
  options.text("-n,--process", "NAME", target.name,
               "The process with this name; a shell pattern such as 'redis*'",
               Completes::kProcessName);
}

void attach_target_options(OptionSet& options, TargetOptions& target) {
  attach_target_names(options, target);
  ArgumentModel argument;
  argument.name = "PID";
  argument.summary = "The same as -p PID";
  argument.completes = Completes::kPid;
  options.argument(std::move(argument), target.argument);
}

Result<Selector> selector_of(const TargetOptions& options) {
  const int given = static_cast<int>(!options.pid.empty()) +
                    static_cast<int>(!options.name.empty()) +
                    static_cast<int>(!options.argument.empty());
  if (given == 0) {
    return failure(Failure::kUsage, "which process? no PID and no name was given",
                   "`-p PID` or `-n NAME` says which; `xgops list` shows what there is");
  }
  if (given > 1) {
    return failure(Failure::kUsage, "more than one process was given",
                   "use one of PID, -p PID and -n NAME");
  }
  Selector selector;
  if (!options.name.empty()) {
    selector.name = options.name;
    return selector;
  }
  const std::string& text = options.pid.empty() ? options.argument : options.pid;
  const auto pid = parse_integer<pid_t>(text);
  if (!pid || *pid <= 0) {
    return failure(Failure::kUsage, "'" + text + "' is not a PID",
                   "`-n NAME` selects a process by its name");
  }
  selector.pid = pid;
  return selector;
}

ProcessIdentity identity_of(const Target& target) {
  const auto& hello = target.session.hello();
  return {target.pid, hello.pid, target.name, hello.agent_version};
}

Error name_process(const Context& context, const Target& target, Error error) {
  return explain_conversation(context.places, target.pid, target.name, std::move(error));
}

}  // namespace xgops::cli
