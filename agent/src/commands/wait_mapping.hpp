// SPDX-License-Identifier: MIT
// From waits as they were read to what crosses the wire: kinds of operations and texts once each.
#pragma once

#include "commands/agent_state.hpp"
#include "tasks/operation_names.hpp"
#include "tasks/registry.hpp"
#include "xgops/protocol/messages/tasks.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace xgops::commands {

/// Whether this process has a thread with this id.
[[nodiscard]] bool thread_exists(std::uint64_t tid) noexcept;

/// The word of the `Holder` at `address`, which may lead nowhere; 0: nobody.
[[nodiscard]] std::uint64_t read_holder(std::uint64_t address) noexcept;

/// What a task or a pending operation waits for, as it crosses the wire.
struct WireWait {
  protocol::TaskWaitReason reason = protocol::TaskWaitReason::kUnknown;
  protocol::TaskArgument argument_kind = protocol::TaskArgument::kNone;
  std::uint64_t argument = 0;
  std::uint64_t holder = 0;  ///< The word of a `Holder`; 0: nobody.
  std::string detail;
};

/// Translates waits; remembers kinds of operations and counts what is asked of the kernel.
class WaitMapper {
 public:
  explicit WaitMapper(AgentState& state);

  [[nodiscard]] WireWait to_wire(std::uint64_t operation, detail::TaskArgumentBits kind,
                                 std::uint64_t argument);

 private:
  AgentState& state_;
  const std::int64_t now_ns_;
  std::size_t descriptors_described_ = 0;
  std::unordered_map<std::uint64_t, tasks::WaitDescription> known_;
};

/// What threads themselves say that they wait for (`xgops::WaitScope`), for one answer.
class AnnouncedWaits {
 public:
  explicit AnnouncedWaits(AgentState& state)
      : threads_(state.tasks.registry->threads()), waits_(state) {}

  /// Adds to `facts` what this thread says now. Cost: a binary search.
  void add_to(protocol::ThreadFacts& facts);

 private:
  std::vector<tasks::Registry::Thread> threads_;
  WaitMapper waits_;
};

/// Texts of one answer by their ids.
class TextTable {
 public:
  /// The id of `text`, which is added to `added` when it is new; 0 for "".
  [[nodiscard]] std::uint32_t id_of(std::string_view text, std::vector<protocol::TaskText>& added);
  /// Bytes added so far, roughly.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::unordered_map<std::string, std::uint32_t> ids_;
  std::size_t bytes_ = 0;
};

}  // namespace xgops::commands
