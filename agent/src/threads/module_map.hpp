// SPDX-License-Identifier: MIT
// Which ELF files are mapped, where their unwind tables lie, and which mappings can be stacks. Read
// from /proc and the mapped headers, never from the loader: a stuck thread may hold its lock.
#pragma once

#include "signal_safe/capture_slot.hpp"
#include "threads/capture.hpp"
#include "threads/self_memory.hpp"
#include "threads/task_files.hpp"
#include "unwind/module_table.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::threads {

/// One line of proc(5) maps.
struct Mapping {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  std::uint64_t inode = 0;
  std::string_view device;
  std::string_view path;
  bool readable = false;
  bool writable = false;
  bool executable = false;
};

/// Parses one line; false when it has not the form of one.
[[nodiscard]] bool parse_mapping(std::string_view line, Mapping& mapping);

class ModuleMap {
 public:
  /// Reads the maps of this process anew. Returns whether the modules changed since the last time.
  /// Cost: 1 us a mapping; 10 us for each module not seen before.
  Result<bool> refresh(const TaskFiles& files, pid_t own_tid, SelfMemory& memory);

  [[nodiscard]] const std::vector<Module>& modules() const noexcept { return modules_; }
  [[nodiscard]] unwind::ModuleTable unwind_table() const noexcept {
    return unwind::ModuleTable(unwind_modules_);
  }
  /// Mappings that can be written, ascending. The pointer stays valid until the next `refresh`.
  [[nodiscard]] const std::vector<signal_safe::StackRange>& stack_ranges() const noexcept {
    return stack_ranges_;
  }

  /// Whether a module has Go code, whose stacks are too small for handlers of signals.
  [[nodiscard]] bool has_go() const noexcept { return has_go_; }

  /// End of the writable mapping that holds `stack_pointer`; 0 when there is none.
  [[nodiscard]] std::uint64_t stack_end(std::uint64_t stack_pointer) const noexcept;

 private:
  struct Candidate;  ///< Mappings of one file, before its header was read.

  void add_module(const Candidate& candidate, const TaskFiles& files, pid_t own_tid,
                  SelfMemory& memory);

  std::string signature_;  ///< The lines of executable mappings, to notice changes cheaply.
  std::vector<Module> modules_;
  std::vector<unwind::UnwindModule> unwind_modules_;
  std::vector<std::unique_ptr<std::vector<unwind::FdeIndexEntry>>> indexes_;
  std::vector<signal_safe::StackRange> stack_ranges_;
  bool has_go_ = false;
};

}  // namespace xgops::threads
