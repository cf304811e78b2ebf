// SPDX-License-Identifier: MIT
// `xgops snapshot`: everything that runs or waits, in a file.
#include "commands/command.hpp"
#include "commands/snapshot_source.hpp"
#include "commands/target_options.hpp"
#include "report/diff.hpp"
#include "support/failure.hpp"
#include "support/output_file.hpp"

#include <memory>
#include <string>
#include <utility>

namespace xgops::cli {
namespace {

struct SnapshotOptions {
  TargetOptions target;
  bool interrupt = true;
};

SnapshotReport describe(const Snapshot& snapshot) {
  SnapshotReport report;
  report.process = {snapshot.pid, snapshot.hello.pid, snapshot.name, snapshot.hello.agent_version};
  report.time = std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::nanoseconds(snapshot.time_ns)));
  for (const protocol::Stacks::Response& part : snapshot.stacks) {
    for (const protocol::ThreadStack& thread : part.threads) {
      report.threads += thread.facts.is_agent ? 0U : 1U;
    }
    report.incomplete = report.incomplete || part.truncated;
  }
  for (const protocol::Tasks::Response& part : snapshot.tasks) {
    report.tasks += part.total;
    report.incomplete = report.incomplete || part.truncated || part.dropped > 0;
  }
  for (const protocol::Waits::Response& part : snapshot.waits) {
    report.incomplete = report.incomplete || part.truncated;
  }
  return report;
}

Result<Report> run(Context& context, const SnapshotOptions& options) {
  // The file gets the snapshot, and the report about it goes to standard output.
  const std::string file = std::exchange(context.output, {});
  if (file.empty() || file == "-") {
    return failure(Failure::kUsage, "where to? a snapshot needs a file",
                   "`-o FILE` says which; `xgops diff FILE -p PID` compares with it later");
  }
  const auto snapshot =
      with_target(context, options.target, [&](Target& target, const Deadline& deadline) {
        return take_snapshot(context.places, target, deadline, context.timeout, options.interrupt);
      });
  if (!snapshot) {
    return snapshot.error();
  }
  const std::string bytes = encode_snapshot(*snapshot);
  // What tasks are called and whom they talk to is nobody else's business.
  if (auto written = write_file(file, bytes, FileAccess::kOwnerOnly); !written) {
    return std::move(written).error();
  }
  SnapshotReport report = describe(*snapshot);
  report.file = file;
  report.bytes = bytes.size();
  const bool incomplete = report.incomplete;
  return Report{std::move(report), incomplete ? ExitStatus::kPartial : ExitStatus::kOk};
}

Action attach_snapshot(OptionSet& options) {
  auto parsed = std::make_shared<SnapshotOptions>();
  attach_target_options(options, parsed->target);
  options.flag("--no-interrupt", parsed->interrupt,
               "Send no thread a signal: running threads have no stack then", false);
  return [parsed](Context& context) { return run(context, *parsed); };
}

}  // namespace

Command snapshot_command() {
  return {
      .name = "snapshot",
      .summary = "Write all threads, tasks and waits to a file",
      .description =
          "Writes everything that runs or waits in a process, with stacks, async call chains and "
          "holders, to the file that -o names, for `xgops diff`. The file says which process it is "
          "of and when it was taken; it is written whole or not at all, and only you may read "
          "it.\n\n"
          "Exit status 4 means that something could not be seen.",
      .examples = {{"xgops snapshot -p 4711 -o before.xgops", "now"},
                   {"xgops diff before.xgops -p 4711", "later: what has not moved since"}},
      .attach = attach_snapshot,
  };
}

}  // namespace xgops::cli
