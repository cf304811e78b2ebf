// SPDX-License-Identifier: MIT
// From tasks as they were read to what crosses the wire: texts, places and chains once each.
#pragma once

#include "commands/agent_state.hpp"
#include "commands/wait_mapping.hpp"
#include "tasks/snapshot.hpp"
#include "xgops/protocol/messages/tasks.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace xgops::commands {

/// 128 bits that stand for what they were made from: two of a million tasks come out equal by
/// chance once in 10^26 answers.
class Fingerprint {
 public:
  void add(std::uint64_t word) noexcept {
    low_ = (low_ ^ word) * 0x9e37'79b9'7f4a'7c15U;
    low_ ^= low_ >> 32;
    high_ = (high_ + word) * 0xc2b2'ae3d'27d4'eb4fU;
    high_ ^= high_ >> 29;
  }
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  struct Hash {
    std::size_t operator()(const Fingerprint& print) const noexcept { return print.low_; }
  };

 private:
  std::uint64_t low_ = 0;
  std::uint64_t high_ = 0;
};

/// Translates the tasks of one answer. What a task refers to for the first time is added to the
/// part of the answer that is being filled.
class TaskMapper {
 public:
  explicit TaskMapper(AgentState& state);

  /// `part` gets what `task` refers to, not the task.
  [[nodiscard]] protocol::Task to_wire(const tasks::TaskSighting& task,
                                       protocol::Tasks::Response& part);

  /// What tasks of one group have in common.
  [[nodiscard]] Fingerprint group_of(const tasks::TaskSighting& task) const;

  [[nodiscard]] std::int64_t age_of(const tasks::TaskSighting& task) const noexcept;

  /// Bytes added to the parts so far, roughly.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_ + texts_.bytes(); }
  void add_bytes(std::size_t bytes) noexcept { bytes_ += bytes; }

 private:
  [[nodiscard]] std::uint32_t location_id(std::uint64_t location, std::uint64_t function,
                                          protocol::Tasks::Response& part);
  [[nodiscard]] std::uint32_t chain_id(std::span<const tasks::FrameSite> frames,
                                       protocol::Tasks::Response& part);
  [[nodiscard]] std::uint32_t creation_stack_id(std::uint32_t stack,
                                                protocol::Tasks::Response& part);
  void add_modules(protocol::Tasks::Response& part);
  void add_body(const tasks::TaskSighting& task, protocol::Tasks::Response& part);
  void add_wait(const tasks::TaskSighting& task, protocol::Task& wire,
                protocol::Tasks::Response& part);
  void add_details(const tasks::TaskSighting& task, protocol::Task& wire,
                   protocol::Tasks::Response& part);
  void add_owner(std::uint64_t holder, protocol::Task& wire);
  void look_for_live_tasks();
  [[nodiscard]] bool is_live_task(std::uint64_t id);

  AgentState& state_;
  const std::uint32_t now_;
  WaitMapper waits_;
  TextTable texts_;
  std::size_t bytes_ = 0;
  bool modules_sent_ = false;
  std::size_t looks_ = 0;
  std::vector<std::uint64_t> live_tasks_;  ///< At the last look; ascending.
  std::unordered_set<std::uint64_t> gone_tasks_;
  std::unordered_map<std::uint64_t, std::uint32_t> locations_;
  std::unordered_map<Fingerprint, std::uint32_t, Fingerprint::Hash> chains_;
  std::unordered_map<std::uint32_t, std::uint32_t> creation_stacks_;
};

}  // namespace xgops::commands
