// SPDX-License-Identifier: MIT
#include "tasks/operation_names.hpp"

#include "support/own_memory.hpp"
#include "tasks/source_text.hpp"

#include <array>

namespace xgops::tasks {
namespace {

struct ObjectRule {
  std::string_view object;
  std::string_view operation;  ///< How its name begins.
  WaitReason reason;
};

// The objects and operations that Asio's handler tracking names, 1.18 to 1.38. The first match
// counts.
constexpr std::array kObjectRules{
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
constexpr std::array kTypeRules{
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

/// "initiate_async_read_until" in a type names the composed operation "async_read_until".
std::string composed_name(std::string_view type) {
  constexpr std::string_view kMark = "initiate_async_";
  const auto begin = type.find(kMark);
  if (begin == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = type.substr(begin + std::string_view("initiate_").size());
  const auto end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_");
  return std::string(rest.substr(0, end));
}

}  // namespace

WaitDescription describe_operation(std::string_view object, std::string_view name) {
  if (!object.empty()) {
    for (const ObjectRule& rule : kObjectRules) {
      if ((rule.object.empty() || rule.object == object) && name.starts_with(rule.operation)) {
        return {rule.reason, {}};
      }
    }
    // Which of readable and writable is not told.
    return {WaitReason::kOperation,
            std::string(object) + " " + (name == "async_wait" ? "ready" : std::string(name))};
  }
  for (const TypeRule& rule : kTypeRules) {
    if (name.find(rule.part) != std::string_view::npos) {
      return {rule.reason, {}};
    }
  }
  if (std::string composed = composed_name(name); !composed.empty()) {
    return {WaitReason::kOperation, std::move(composed)};
  }
  return {WaitReason::kUnknown, std::string(name)};
}

WaitDescription describe_operation_at(std::uint64_t address) {
  // Copied as words: the host's object is const, the copy need not be an object.
  struct {
    std::uint64_t object;
    std::uint64_t name;
    std::uint32_t name_bytes;
    std::uint32_t reason;
  } copy{};
  static_assert(sizeof copy == sizeof(detail::TaskOperation));
  if (address == 0 || support::copy_own_memory(address, &copy, sizeof copy) != sizeof copy) {
    return {};
  }
  const std::string name =
      text_at(copy.name, copy.name_bytes == 0 ? kMaxTextBytes : copy.name_bytes);
  if (copy.reason != 0) {
    const bool known = copy.reason <= static_cast<std::uint32_t>(WaitReason::kLast);
    return {known ? static_cast<WaitReason>(copy.reason) : WaitReason::kUnknown, name};
  }
  return describe_operation(text_at(copy.object), name);
}

std::string_view words_of(WaitReason reason) noexcept {
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
