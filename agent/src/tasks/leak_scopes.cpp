// SPDX-License-Identifier: MIT
#include "tasks/leak_scopes.hpp"

#include "tasks/details.hpp"
#include "tasks/registry.hpp"
#include "xgops/detail/task_record.hpp"
#include "xgops/tasks_abi.h"

#include <mutex>

#include <sys/mman.h>

namespace xgops::tasks {
namespace {

constinit LeakScopes g_scopes;  // Never destroyed: tasks end during and after static destructors.

constexpr unsigned kGenerationShift = 16;

}  // namespace

LeakScopes& leak_scopes() noexcept {
  return g_scopes;
}

LeakScopes::Entry* LeakScopes::find(LeakScope scope) noexcept {
  const auto index = static_cast<std::uint16_t>(scope);
  if (index == 0 || index > used_) {
    return nullptr;
  }
  Entry& entry = entries_[index];
  return entry.exists && entry.generation == scope >> kGenerationShift ? &entry : nullptr;
}

LeakScope LeakScopes::open(LeakScope outer) noexcept {
  const std::scoped_lock lock(*this);
  if (entries_ == nullptr) {
    void* const memory = ::mmap(nullptr, (kMost + 1) * sizeof(Entry), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      return 0;
    }
    entries_ = static_cast<Entry*>(memory);
  }
  std::uint16_t index = first_free_;
  if (index != 0) {
    first_free_ = entries_[index].next_free;
  } else if (used_ < kMost) {
    index = ++used_;
  } else {
    return 0;
  }
  if (++open_ == 1) {
    xgops_task_options.fetch_or(detail::kLeakChecks, std::memory_order_relaxed);
  }
  Entry& entry = entries_[index];
  const auto generation = static_cast<std::uint16_t>(entry.generation + 1);
  entry = {};
  entry.generation = generation;
  entry.is_open = true;
  entry.exists = true;
  if (Entry* const around = find(outer)) {
    entry.outer = static_cast<std::uint16_t>(outer);
    ++around->inner;
  }
  return static_cast<LeakScope>(generation) << kGenerationShift | index;
}

void LeakScopes::close(LeakScope scope) noexcept {
  const std::scoped_lock lock(*this);
  if (Entry* const entry = find(scope); entry != nullptr && entry->is_open) {
    entry->is_open = false;
    if (--open_ == 0) {
      xgops_task_options.fetch_and(~detail::kLeakChecks, std::memory_order_relaxed);
    }
    drop_unused(static_cast<std::uint16_t>(scope));
  }
}

void LeakScopes::drop_unused(std::uint16_t index) noexcept {
  while (index != 0) {
    Entry& entry = entries_[index];
    if (entry.is_open || entry.live != 0 || entry.inner != 0 || entry.held != 0) {
      return;
    }
    entry.exists = false;
    entry.next_free = first_free_;
    first_free_ = index;
    index = entry.outer;
    if (index != 0) {
      --entries_[index].inner;
    }
  }
}

bool LeakScopes::enter(LeakScope scope) noexcept {
  const std::scoped_lock lock(*this);
  if (find(scope) == nullptr) {
    return false;
  }
  for (auto index = static_cast<std::uint16_t>(scope); index != 0; index = entries_[index].outer) {
    ++entries_[index].live;
  }
  return true;
}

void LeakScopes::leave(LeakScope scope) noexcept {
  const std::scoped_lock lock(*this);
  if (find(scope) == nullptr) {
    return;
  }
  for (auto index = static_cast<std::uint16_t>(scope); index != 0; index = entries_[index].outer) {
    --entries_[index].live;
  }
  drop_unused(static_cast<std::uint16_t>(scope));
}

bool LeakScopes::hold(LeakScope scope) noexcept {
  const std::scoped_lock lock(*this);
  Entry* const entry = find(scope);
  if (entry != nullptr) {
    ++entry->held;
  }
  return entry != nullptr;
}

void LeakScopes::release(LeakScope scope) noexcept {
  const std::scoped_lock lock(*this);
  if (Entry* const entry = find(scope)) {
    --entry->held;
    drop_unused(static_cast<std::uint16_t>(scope));
  }
}

std::uint64_t LeakScopes::live(LeakScope scope) noexcept {
  const std::scoped_lock lock(*this);
  const Entry* const entry = find(scope);
  return entry == nullptr ? 0 : entry->live;
}

bool LeakScopes::is_within(LeakScope scope, LeakScope outer) noexcept {
  const std::scoped_lock lock(*this);
  if (find(scope) == nullptr || find(outer) == nullptr) {
    return false;
  }
  auto index = static_cast<std::uint16_t>(scope);
  while (index != 0 && index != static_cast<std::uint16_t>(outer)) {
    index = entries_[index].outer;
  }
  return index != 0;
}

LeakScope current_leak_scope() noexcept {
  const ::xgops_task_thread& thread = xgops_task_thread_state;
  const auto* const record = detail::record_of(thread.current);
  if ((thread.current & detail::kInitiating) != 0) {
    return thread.leak_scope;  // The task may be gone; its scope was noted before.
  }
  return record != nullptr ? details().leak_scope(record->details.load(detail::kRelaxed))
                           : thread.leak_scope;
}

}  // namespace xgops::tasks

#define XGOPS_EXPORT [[gnu::visibility("default")]]

extern "C" {

XGOPS_EXPORT std::uint32_t xgops_leak_scope_open(std::uint32_t outer) {
  if (xgops::tasks::has_own_thread_state()) {
    ::xgops_task_try_attach_thread();  // With it come the handlers for forks.
  }
  return xgops::tasks::leak_scopes().open(outer);
}

XGOPS_EXPORT void xgops_leak_scope_close(std::uint32_t scope) {
  xgops::tasks::leak_scopes().close(scope);
}

XGOPS_EXPORT void xgops_leak_scope_release(std::uint32_t scope) {
  xgops::tasks::leak_scopes().release(scope);
}

XGOPS_EXPORT std::uint64_t xgops_leak_scope_live(std::uint32_t scope) {
  return xgops::tasks::leak_scopes().live(scope);
}

XGOPS_EXPORT std::uint32_t xgops_leak_scope_current(void) {
  return xgops::tasks::current_leak_scope();
}

}  // extern "C"
