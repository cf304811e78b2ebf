// SPDX-License-Identifier: MIT
#include "commands/wait_mapping.hpp"

#include "support/own_memory.hpp"
#include "tasks/holders.hpp"

#include <algorithm>

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace xgops::commands {
namespace {

using protocol::TaskArgument;
using protocol::TaskWaitReason;

// One list of words on both sides: a new reason must be added to both, at the end.
#define XGOPS_SAME_REASON(name)                                                               \
  static_assert(static_cast<int>(WaitReason::name) == static_cast<int>(TaskWaitReason::name), \
                "tasks.hpp and the wire must list wait reasons in one order")
XGOPS_SAME_REASON(kNone);
XGOPS_SAME_REASON(kUnknown);
XGOPS_SAME_REASON(kTimer);
XGOPS_SAME_REASON(kAccept);
XGOPS_SAME_REASON(kDescriptorRead);
XGOPS_SAME_REASON(kChannelReceive);
XGOPS_SAME_REASON(kPost);
XGOPS_SAME_REASON(kGenerator);
XGOPS_SAME_REASON(kMutexLock);
XGOPS_SAME_REASON(kWaitGroup);
XGOPS_SAME_REASON(kSelect);
XGOPS_SAME_REASON(kLast);
#undef XGOPS_SAME_REASON

// To ask for a socket's addresses costs as much as reading a hundred tasks.
constexpr std::size_t kMostDescriptorsDescribed = 2000;

std::int64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

bool thread_exists(std::uint64_t tid) noexcept {
  return ::syscall(SYS_tgkill, ::getpid(), static_cast<pid_t>(tid), 0) == 0;
}

std::uint64_t read_holder(std::uint64_t address) noexcept {
  std::uint64_t word = 0;
  return support::copy_own_memory(address, &word, sizeof word) == sizeof word ? word : 0;
}

WaitMapper::WaitMapper(AgentState& state) : state_(state), now_ns_(monotonic_ns()) {}

WireWait WaitMapper::to_wire(std::uint64_t operation, detail::TaskArgumentBits kind,
                             std::uint64_t argument) {
  const auto [entry, is_new] = known_.try_emplace(operation);
  if (is_new) {
    entry->second = tasks::describe_operation_at(operation);
  }
  WireWait wait;
  wait.reason = static_cast<TaskWaitReason>(entry->second.reason);
  wait.detail = entry->second.detail;
  wait.argument = argument;
  switch (kind) {
    case detail::kArgumentNone:
      break;
    case detail::kArgumentDescriptor:
      wait.argument_kind = TaskArgument::kDescriptor;
      if (wait.detail.empty() && descriptors_described_ < kMostDescriptorsDescribed) {
        ++descriptors_described_;
        wait.detail = state_.inspector.describe_descriptor(static_cast<int>(argument));
      }
      break;
    case detail::kArgumentExpiry:
      wait.argument_kind = TaskArgument::kExpiry;
      wait.argument = argument - static_cast<std::uint64_t>(now_ns_);
      break;
    case detail::kArgumentObject:
      wait.argument_kind = TaskArgument::kObject;
      break;
    case detail::kArgumentHolder:
      wait.argument_kind = TaskArgument::kObject;
      wait.holder = read_holder(argument);
      break;
    case detail::kArgumentHolderSet:
      wait.argument_kind = TaskArgument::kObject;
      wait.holder = tasks::read_holder_set(argument).only_holder();
      break;
    case detail::kArgumentTask:
      wait.argument_kind = TaskArgument::kTask;
      break;
    case detail::kArgumentCount:
      wait.argument_kind = TaskArgument::kCount;
      break;
  }
  return wait;
}

void AnnouncedWaits::add_to(protocol::ThreadFacts& facts) {
  const auto tid = static_cast<std::uint32_t>(facts.tid);
  const auto found = std::lower_bound(
      threads_.begin(), threads_.end(), tid,
      [](const tasks::Registry::Thread& thread, std::uint32_t id) { return thread.tid < id; });
  if (found == threads_.end() || found->tid != tid) {
    return;
  }
  const tasks::AnnouncedWait announced = tasks::Registry::announced_by(*found);
  if (announced.operation == 0) {
    return;
  }
  const WireWait wait =
      waits_.to_wire(announced.operation, announced.argument_kind, announced.argument);
  const std::string_view words = tasks::words_of(static_cast<WaitReason>(wait.reason));
  facts.wait.detail = wait.detail.empty() ? std::string(words) : wait.detail;
  if (wait.argument_kind == protocol::TaskArgument::kObject) {
    facts.wait.object = wait.argument;
  }
  if (wait.holder == 0) {
    return;
  }
  const std::uint64_t id = wait.holder & ~Holder::kThread;
  if ((wait.holder & Holder::kThread) != 0) {
    facts.wait.owner_tid = static_cast<std::int32_t>(id);
    facts.wait.owner_state =
        thread_exists(id) ? protocol::OwnerState::kLive : protocol::OwnerState::kExited;
  } else {
    facts.wait.detail += ", held by task " + std::to_string(id);
  }
}

std::uint32_t TextTable::id_of(std::string_view text, std::vector<protocol::TaskText>& added) {
  if (text.empty()) {
    return 0;
  }
  const auto [entry, is_new] =
      ids_.try_emplace(std::string(text), static_cast<std::uint32_t>(ids_.size() + 1));
  if (is_new) {
    added.push_back({entry->second, entry->first});
    bytes_ += 8 + text.size();
  }
  return entry->second;
}

}  // namespace xgops::commands
