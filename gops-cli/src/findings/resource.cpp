// SPDX-License-Identifier: MIT
#include "findings/resource.hpp"

namespace xgops::cli {

std::string_view resource_word(ResourceKind kind) noexcept {
  switch (kind) {
    case ResourceKind::kMutex:
      return "mutex";
    case ResourceKind::kRwlock:
      return "rwlock";
    case ResourceKind::kStdioLock:
      return "stdio lock";
    case ResourceKind::kMallocLock:
      return "malloc lock";
    case ResourceKind::kOnce:
      return "call once";
    case ResourceKind::kJoin:
      return "join";
    case ResourceKind::kCondition:
      return "condition";
    case ResourceKind::kSemaphore:
      return "semaphore";
    case ResourceKind::kBarrier:
      return "barrier";
    case ResourceKind::kFuture:
      return "future";
    case ResourceKind::kFutex:
      return "futex";
    case ResourceKind::kWaitGroup:
      return "wait group";
    case ResourceKind::kChannel:
      return "channel";
    case ResourceKind::kSelect:
      return "select";
    case ResourceKind::kEventLoop:
      return "event loop";
    case ResourceKind::kOther:
      return "wait";
  }
  return "wait";
}

bool is_lock(ResourceKind kind) noexcept {
  switch (kind) {
    case ResourceKind::kMutex:
    case ResourceKind::kRwlock:
    case ResourceKind::kStdioLock:
    case ResourceKind::kMallocLock:
    case ResourceKind::kOnce:
      return true;
    default:
      return false;
  }
}

std::optional<ResourceKind> kind_of(protocol::TaskWaitReason reason) noexcept {
  using protocol::TaskWaitReason;
  switch (reason) {
    case TaskWaitReason::kMutexLock:
      return ResourceKind::kMutex;
    case TaskWaitReason::kRwlockRead:
    case TaskWaitReason::kRwlockWrite:
      return ResourceKind::kRwlock;
    case TaskWaitReason::kCallOnce:
      return ResourceKind::kOnce;
    case TaskWaitReason::kConditionWait:
      return ResourceKind::kCondition;
    case TaskWaitReason::kSemaphore:
      return ResourceKind::kSemaphore;
    case TaskWaitReason::kBarrier:
      return ResourceKind::kBarrier;
    case TaskWaitReason::kFuture:
      return ResourceKind::kFuture;
    case TaskWaitReason::kWaitGroup:
      return ResourceKind::kWaitGroup;
    case TaskWaitReason::kChannelSend:
    case TaskWaitReason::kChannelReceive:
      return ResourceKind::kChannel;
    case TaskWaitReason::kSelect:
      return ResourceKind::kSelect;
    case TaskWaitReason::kCustom:
      return ResourceKind::kOther;
    default:
      return std::nullopt;
  }
}

bool needs_holder(ResourceKind kind) noexcept {
  return is_lock(kind) || kind == ResourceKind::kOther;
}

}  // namespace xgops::cli
