// SPDX-License-Identifier: MIT
// `xgops tree`: which task created which.
#include "commands/command.hpp"
#include "commands/target_options.hpp"
#include "commands/task_source.hpp"
#include "commands/task_tree.hpp"

#include <memory>
#include <utility>

namespace xgops::cli {
namespace {

struct TreeOptions {
  TargetOptions target;
  bool tasks = true;
};

Result<Report> run(Context& context, const TreeOptions& options) {
  auto report = with_target(
      context, options.target, [&](Target& target, const Deadline& deadline) -> Result<TreeReport> {
        protocol::Tasks::Request request;
        request.deadline_ms = static_cast<std::uint32_t>(context.timeout.count());
        auto table = task_table(target, deadline, request);
        if (!table) {
          return std::move(table).error();
        }
        TreeReport tree{identity_of(target), *std::move(table), {}};
        tree.nodes = task_tree(tree.table);
        return tree;
      });
  if (!report) {
    return std::move(report).error();
  }
  const bool partial = report->table.truncated || report->table.dropped > 0;
  return Report{*std::move(report), partial ? ExitStatus::kPartial : ExitStatus::kOk};
}

}  // namespace

Command tree_command() {
  return {
      .name = "tree",
      .summary = "Print which task created which",
      .description =
          "Prints the tasks of a running process below the tasks that created them, with what each "
          "waits for and the function of the program in which it is. Equal tasks of one parent, "
          "with equal tasks below them, appear once with their count. A task whose creator has "
          "ended is at the root and says who that was. No thread is interrupted.\n\n"
          "Exit status 4 means that a task changed too fast to be read, or that the deadline came "
          "first.",
      .examples = {{"xgops tree -p 4711", "all tasks"},
                   {"xgops tree 4711 --json | jq '.nodes[] | select(.depth == 0) | .id'",
                    "those that no living task created"}},
      .attach = [](OptionSet& options) -> Action {
        auto parsed = std::make_shared<TreeOptions>();
        attach_target_options(options, parsed->target);
        options.flag("--tasks", parsed->tasks,
                     "Tasks; what else is there has no creator (default)");
        return [parsed](Context& context) { return run(context, *parsed); };
      },
  };
}

}  // namespace xgops::cli
