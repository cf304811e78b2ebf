// SPDX-License-Identifier: MIT
// What `xgops tasks` found, and the tasks in what `xgops stack` and `xgops tree` found.
#pragma once

#include "report/process.hpp"
#include "report/stack_table.hpp"
#include "xgops/protocol/messages/cost.hpp"
#include "xgops/protocol/messages/tasks.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace xgops::cli {

/// A place in the source. Untrusted texts; empty and 0: not known.
struct SourcePlace {
  std::string function;  ///< Readable.
  std::string file;
  std::uint32_t line = 0;

  friend bool operator==(const SourcePlace&, const SourcePlace&) = default;
  friend bool operator<(const SourcePlace& a, const SourcePlace& b) {
    return std::tie(a.file, a.line, a.function) < std::tie(b.file, b.line, b.function);
  }
};

/// Tasks, and what they refer to. Checked: every id in `tasks` and `groups` is 0 (none) or one more
/// than a position in the list that it refers to, and so is every place in `chains`.
struct TaskTable {
  std::vector<std::string> texts;
  std::vector<SourcePlace> places;
  std::vector<std::vector<std::uint32_t>> chains;  ///< Innermost first.
  /// For each chain as many: bytes of its frames, or 0; or none at all.
  std::vector<std::vector<std::uint32_t>> frame_bytes;
  StackTable creation;
  /// What tasks that run execute, where it is known: from their ids into `creation.locations`.
  std::map<std::uint64_t, std::uint32_t> bodies;
  /// The part of its thread's stack that is of a task that runs: down to the coroutine that is
  /// executed, which is the first of the task's chain.
  StackTable running_stacks;
  std::map<std::uint64_t, std::uint32_t>
      running_stack_of;                     ///< From ids into running_stacks.stacks.
  std::vector<protocol::Task> tasks;        ///< In ascending order of id, until a command sorts.
  std::vector<protocol::TaskGroup> groups;  ///< In place of tasks, when groups were asked for.
  std::uint64_t total = 0;                  ///< Live tasks of the process.
  std::uint64_t running = 0;
  std::uint64_t dropped = 0;  ///< Tasks that changed too fast to be read.
  bool truncated = false;     ///< The deadline came first.
  protocol::Cost cost;

  [[nodiscard]] const std::string& text(std::uint32_t id) const {
    static const std::string none;
    return id == 0 ? none : texts[id - 1];
  }
  [[nodiscard]] const SourcePlace& place(std::uint32_t id) const {
    static const SourcePlace unknown;
    return id == 0 ? unknown : places[id - 1];
  }
  [[nodiscard]] const std::vector<std::uint32_t>& chain(std::uint32_t id) const {
    static const std::vector<std::uint32_t> none;
    return id == 0 ? none : chains[id - 1];
  }
  /// Null: it does not run, or is not known to.
  [[nodiscard]] const ReportStack* running_stack(std::uint64_t id) const {
    const auto found = running_stack_of.find(id);
    return found == running_stack_of.end() ? nullptr : &running_stacks.stacks[found->second];
  }
  [[nodiscard]] const std::vector<std::uint32_t>& frame_bytes_of(std::uint32_t chain_id) const {
    static const std::vector<std::uint32_t> none;
    return chain_id == 0 || chain_id > frame_bytes.size() ? none : frame_bytes[chain_id - 1];
  }
};

struct TasksReport {
  ProcessIdentity process;
  TaskTable table;          ///< With the tasks to be shown, in the order to be shown.
  std::size_t matched = 0;  ///< Tasks that fit the filters: more than shown, or as many.
  bool whole = false;       ///< Everything about one task rather than a line a task.
};

}  // namespace xgops::cli
