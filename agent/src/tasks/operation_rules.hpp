// SPDX-License-Identifier: MIT
// From what a library calls its operations to words for them: tables and searches that allocate
// nothing, so that a dump of a crashed process can use them.
#pragma once

#include "xgops/tasks.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace xgops::tasks {

struct ObjectRule {
  std::string_view object;
  std::string_view operation;  ///< How its name begins.
  WaitReason reason;
};

// The objects and operations that Asio's handler tracking names, 1.18 to 1.38. The first match
// counts.
inline constexpr std::array kObjectRules{
    ObjectRule{"deadline_timer", "", WaitReason::kTimer},
    ObjectRule{"resolver", "", WaitReason::kResolve},
    ObjectRule{"signal_set", "", WaitReason::kSignal},
    ObjectRule{"socket", "async_receive", WaitReason::kSocketReceive},
    ObjectRule{"socket", "async_send", WaitReason::kSocketSend},
    ObjectRule{"socket", "async_accept", WaitReason::kAccept},
    ObjectRule{"socket", "async_connect", WaitReason::kConnect},
    ObjectRule{"descriptor", "async_read", WaitReason::kDescriptorRead},
    ObjectRule{"descriptor", "async_write", WaitReason::kDescriptorWrite},
    ObjectRule{"file", "async_read", WaitReason::kFileRead},
    ObjectRule{"file", "async_write", WaitReason::kFileWrite},
    ObjectRule{"channel", "async_send", WaitReason::kChannelSend},
    ObjectRule{"channel", "async_receive", WaitReason::kChannelReceive},
    ObjectRule{"", "post", WaitReason::kPost},
    ObjectRule{"", "dispatch", WaitReason::kPost},
    ObjectRule{"", "defer", WaitReason::kPost},
    ObjectRule{"", "execute", WaitReason::kPost},
};

struct TypeRule {
  std::string_view part;
  WaitReason reason;
};

// Parts of the types of what starts an operation, for those without a creation event. The first
// match counts: a group's type contains those of its members.
inline constexpr std::array kTypeRules{
    TypeRule{"wait_for_one_error", WaitReason::kAllOf},
    TypeRule{"wait_for_one", WaitReason::kFirstOf},
    TypeRule{"wait_for_all", WaitReason::kAllOf},
    TypeRule{"parallel_group", WaitReason::kAllOf},
    TypeRule{"initiate_co_spawn", WaitReason::kJoin},
    TypeRule{"initiate_post", WaitReason::kPost},
    TypeRule{"initiate_dispatch", WaitReason::kPost},
    TypeRule{"initiate_defer", WaitReason::kPost},
    TypeRule{"initiate_async_send", WaitReason::kChannelSend},
    TypeRule{"initiate_async_receive", WaitReason::kChannelReceive},
    TypeRule{"initiate_async_resume", WaitReason::kGenerator},
};

/// What an operation of `object` waits for; `kUnknown`: no rule knows it. `object` is empty when
/// `name` is the C++ type of what starts the operation.
constexpr WaitReason reason_of_operation(std::string_view object, std::string_view name) noexcept {
  if (object.empty()) {
    for (const TypeRule& rule : kTypeRules) {
      if (name.find(rule.part) != std::string_view::npos) {
        return rule.reason;
      }
    }
    return WaitReason::kUnknown;
  }
  for (const ObjectRule& rule : kObjectRules) {
    if ((rule.object.empty() || rule.object == object) && name.starts_with(rule.operation)) {
      return rule.reason;
    }
  }
  return WaitReason::kUnknown;
}

/// "socket receive"; what a person reads. Empty for `kNone` and for no reason at all.
constexpr std::string_view words_of(WaitReason reason) noexcept {
  constexpr std::array<std::string_view, 34> kWords{
      "",
      "asynchronous operation",
      "asynchronous operation",
      "timer",
      "socket receive",
      "socket send",
      "socket readable",
      "socket writable",
      "accept",
      "connect",
      "resolve",
      "signal",
      "descriptor read",
      "descriptor write",
      "file read",
      "file write",
      "channel send",
      "channel receive",
      "queued",
      "join",
      "all of several operations",
      "first of several operations",
      "generator",
      "mutex lock",
      "rwlock read",
      "rwlock write",
      "condition wait",
      "semaphore",
      "wait group",
      "barrier",
      "call once",
      "future",
      "select",
      "wait",
  };
  static_assert(kWords.size() == static_cast<std::size_t>(WaitReason::kLast) + 1);
  const auto index = static_cast<std::size_t>(reason);
  return index < kWords.size() ? kWords[index] : std::string_view();
}

}  // namespace xgops::tasks
