// SPDX-License-Identifier: MIT
#include "tasks/pending.hpp"

#include "tasks/leak_scopes.hpp"
#include "xgops/tasks_abi.h"

#include <utility>

namespace xgops::tasks {
namespace {

using detail::kRelaxed;
using detail::kRelease;

constinit PendingTable g_pending;  // Never destroyed; zeroed pages until they are used.

void release(LeakScope scope) noexcept {
  if (scope != 0) [[unlikely]] {
    leak_scopes().release(scope);
  }
}

}  // namespace

PendingTable& pending_operations() noexcept {
  return g_pending;
}

std::size_t PendingTable::first_slot(std::uint64_t key) noexcept {
  return ((key * 0x9e37'79b9'7f4a'7c15U) >> 48) % kSlots;
}

std::uint32_t PendingTable::add(std::uint64_t key, const PendingOperation& operation) noexcept {
  const std::size_t first = first_slot(key);
  for (std::size_t i = 0; i < kWindow; ++i) {
    Slot& slot = slots_[(first + i) % kSlots];
    std::uint64_t held = slot.key.load(kRelaxed);
    // A key that is there already is one whose end we were not told of.
    if ((held != 0 && held != key) || !slot.key.compare_exchange_strong(held, kBusy, kRelaxed)) {
      continue;
    }
    const std::uint32_t forgotten = held == 0 ? 0 : slot.leak_scope.load(kRelaxed);
    slot.operation.store(operation.operation, kRelease);
    slot.argument.store(operation.argument, kRelease);
    slot.context.store(operation.context, kRelease);
    slot.kind_and_since.store(
        (static_cast<std::uint64_t>(operation.argument_kind) << 32) | operation.since, kRelease);
    slot.leak_scope.store(operation.leak_scope, kRelease);
    slot.key.store(key, kRelease);
    return forgotten;
  }
  unrecorded_.fetch_add(1, kRelaxed);
  return operation.leak_scope;
}

std::uint32_t PendingTable::remove(std::uint64_t key) noexcept {
  const std::size_t first = first_slot(key);
  for (std::size_t i = 0; i < kWindow; ++i) {
    Slot& slot = slots_[(first + i) % kSlots];
    if (slot.key.load(kRelaxed) == key) {
      const std::uint32_t scope = slot.leak_scope.load(kRelaxed);
      slot.key.store(0, kRelease);
      return scope;
    }
  }
  return 0;
}

void PendingTable::visit(const std::function<void(const PendingOperation&)>& visitor) const {
  for (const Slot& slot : slots_) {
    const std::uint64_t key = slot.key.load(std::memory_order_acquire);
    if (key == 0 || key == kBusy) {
      continue;
    }
    PendingOperation operation;
    operation.operation = slot.operation.load(std::memory_order_acquire);
    operation.argument = slot.argument.load(std::memory_order_acquire);
    operation.context = slot.context.load(std::memory_order_acquire);
    const std::uint64_t word = slot.kind_and_since.load(std::memory_order_acquire);
    operation.leak_scope = slot.leak_scope.load(std::memory_order_acquire);
    operation.argument_kind = static_cast<detail::TaskArgumentBits>(word >> 32);
    operation.since = static_cast<std::uint32_t>(word);
    // Else it ended meanwhile.
    if (slot.key.load(kRelaxed) == key) {
      visitor(operation);
    }
  }
}

}  // namespace xgops::tasks

extern "C" {

[[gnu::visibility("default")]] constinit std::atomic<std::uint32_t> xgops_pending_count{0};

[[gnu::visibility("default")]] void xgops_pending_add(const void* operation_object,
                                                      const void* kind, int32_t argument_kind,
                                                      uint64_t argument, const void* context) {
  xgops::tasks::PendingOperation operation;
  operation.operation = reinterpret_cast<std::uint64_t>(kind);
  operation.argument_kind = static_cast<xgops::detail::TaskArgumentBits>(argument_kind);
  operation.argument = argument;
  operation.context = reinterpret_cast<std::uint64_t>(context);
  operation.since = xgops::detail::coarse_ticks();
  if ((xgops_task_options.load(xgops::detail::kRelaxed) & xgops::detail::kLeakChecks) != 0) {
    const xgops::tasks::LeakScope scope = xgops::tasks::current_leak_scope();
    operation.leak_scope = scope != 0 && xgops::tasks::leak_scopes().hold(scope) ? scope : 0;
  }
  xgops_pending_count.fetch_add(1, xgops::detail::kRelaxed);
  xgops::tasks::release(xgops::tasks::pending_operations().add(
      reinterpret_cast<std::uint64_t>(operation_object), operation));
}

[[gnu::visibility("default")]] void xgops_pending_remove(const void* operation_object) {
  // The handler takes it over; but there was none if the operation before was destroyed.
  xgops::tasks::release(std::exchange(xgops_task_thread_state.handler_leak_scope,
                                      xgops::tasks::pending_operations().remove(
                                          reinterpret_cast<std::uint64_t>(operation_object))));
}

}  // extern "C"
