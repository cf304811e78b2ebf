// SPDX-License-Identifier: MIT
// Puts the tasks of a dump together from their lines.
#pragma once

#include "dumps/dump_line.hpp"
#include "xgops/protocol/messages/tasks.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace xgops::cli {

class DumpTasks {
 public:
  /// Lines of the kinds `task`, `created`, `chain`. False: it makes no sense.
  bool add_task(const DumpLine& line);
  bool add_created(const DumpLine& line);
  bool add_chain(const DumpLine& line);

  /// The tasks as an agent would have told them. `all_are_here`: a holder that is missing is gone.
  [[nodiscard]] protocol::Tasks::Response finish(bool all_are_here);

 private:
  [[nodiscard]] std::uint32_t text_id(const std::string& text);
  [[nodiscard]] std::uint32_t location_id(const DumpLine& line);
  void add_wait(const DumpLine& line, protocol::Task& task);
  [[nodiscard]] protocol::Task* task_of(const DumpLine& line);

  protocol::Tasks::Response response_;
  std::map<std::uint64_t, std::size_t> index_;  ///< From ids to positions in `response_.tasks`.
  std::map<std::uint64_t, std::vector<std::uint32_t>> chains_;
  std::map<std::string, std::uint32_t> texts_;
  std::map<std::tuple<std::string, std::uint32_t, std::string>, std::uint32_t> locations_;
};

/// Replaces the tasks by groups of those that a reader need not tell apart.
void group_tasks(protocol::Tasks::Response& tasks);

}  // namespace xgops::cli
