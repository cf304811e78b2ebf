// SPDX-License-Identifier: MIT
// From the parts of a streamed answer to tasks with names.
#pragma once

#include "commands/stack_table_builder.hpp"
#include "report/tasks.hpp"
#include "xgops/protocol/messages/tasks.hpp"
#include "xgops/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xgops::cli {

/// The ids of one kind of thing, in the order in which the things came.
class WireIds {
 public:
  void add(std::uint32_t id);
  /// Call once, after the last `add`. False: an id is 0, or came twice.
  [[nodiscard]] bool seal();
  /// Replaces an id of the wire by one more than the position of its thing. False: there is none.
  [[nodiscard]] bool translate(std::uint32_t& id) const;

 private:
  struct Entry {
    std::uint32_t id;
    std::uint32_t position;
  };
  std::vector<Entry> entries_;
  bool dense_ = true;  ///< The ids are 1, 2, 3 and so on: no need to search.
};

/// Collects the parts. What they say is not trusted: an id that refers to nothing is an error.
class TasksBuilder {
 public:
  explicit TasksBuilder(const SymbolOptions& options) : creation_(options) {}

  void add(protocol::Tasks::Response part);

  /// The tasks, in ascending order of id. The builder is of no use afterwards.
  /// Errors: `Failure::kBadAnswer` when the parts contradict each other.
  [[nodiscard]] Result<TaskTable> finish();

 private:
  [[nodiscard]] Result<void> translate_chains();
  [[nodiscard]] Result<void> translate(protocol::Task& task) const;

  TaskTable table_;
  StackTableBuilder creation_;
  WireIds texts_;
  WireIds places_;
  WireIds chains_;
  bool odd_chain_ = false;  ///< One that has more or fewer sizes than frames.
};

}  // namespace xgops::cli
