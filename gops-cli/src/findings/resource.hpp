// SPDX-License-Identifier: MIT
// What threads and tasks wait for.
#pragma once

#include "xgops/protocol/messages/tasks.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::cli {

/// What kind of thing is waited for.
enum class ResourceKind : std::uint8_t {
  kMutex,
  kRwlock,
  kStdioLock,
  kMallocLock,
  kOnce,
  kJoin,
  kCondition,
  kSemaphore,
  kBarrier,
  kFuture,
  kFutex,
  kWaitGroup,
  kChannel,
  kSelect,
  kEventLoop,
  kOther,
};

/// "mutex"
[[nodiscard]] std::string_view resource_word(ResourceKind kind) noexcept;
/// Whether it belongs to who took it, and only that one gives it back.
[[nodiscard]] bool is_lock(ResourceKind kind) noexcept;

/// What a task, or a thread that announces it, waits for within the process. Nothing: a timer, I/O.
[[nodiscard]] std::optional<ResourceKind> kind_of(protocol::TaskWaitReason reason) noexcept;
/// Whether nobody holding it means that a wait for it is about to end.
[[nodiscard]] bool needs_holder(ResourceKind kind) noexcept;

/// Something waited for: a node of the graph.
struct Resource {
  ResourceKind kind = ResourceKind::kOther;
  std::uint64_t address = 0;  ///< 0: it has none that is known.
  std::string detail;
  std::uint64_t unnamed_holders = 0;  ///< Readers that are only counted.
  struct Gone {
    bool is_thread = true;
    std::uint64_t id = 0;
  };
  std::vector<Gone> gone;  ///< Holders that have ended.
};

}  // namespace xgops::cli
