// SPDX-License-Identifier: MIT
// Asynchronous operations with a callback: what keeps an executor busy beside the tasks.
#pragma once

#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/cost.hpp"
#include "xgops/protocol/messages/tasks.hpp"

#include <cstdint>
#include <vector>

namespace xgops::protocol {

struct PendingOperation {
  TaskWaitReason reason = TaskWaitReason::kUnknown;
  TaskArgument argument_kind = TaskArgument::kNone;
  std::uint64_t argument = 0;
  std::uint64_t context = 0;  ///< Address of the execution context that it keeps busy.
  std::int64_t age_ns = -1;   ///< Since it was started.
  std::uint32_t detail = 0;   ///< Id of a `TaskText`; 0: none.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(reason, argument_kind, argument, context, age_ns, detail);
  }
};

struct Pending {
  static constexpr MessageType kType = MessageType::kPending;

  struct Request {
    std::uint32_t deadline_ms = 0;  ///< 0: the default.

    template <class Archive>
    void serialize(Archive& archive) {
      archive(deadline_ms);
    }
  };

  /// One of a series. Texts come before or with the first operation that refers to them. Only the
  /// last message (`kFinal`) has the counts and the cost.
  struct Response {
    std::vector<TaskText> texts;
    std::vector<PendingOperation> operations;
    std::uint64_t unrecorded = 0;  ///< Operations since the start for which there was no room.
    bool truncated = false;        ///< The deadline came first.
    Cost cost;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(texts, operations, unrecorded, truncated, cost);
    }
  };
};

}  // namespace xgops::protocol
