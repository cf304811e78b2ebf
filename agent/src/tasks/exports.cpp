// SPDX-License-Identifier: MIT
// The exported functions of tasks_abi.h: nothing that is C++ crosses them, but std::bad_alloc.
#include "tasks/details.hpp"
#include "tasks/registry.hpp"
#include "xgops/tasks_abi.h"

#include <exception>
#include <new>

#define XGOPS_EXPORT [[gnu::visibility("default")]]

extern "C" {

XGOPS_EXPORT constinit thread_local xgops_task_thread xgops_task_thread_state
    __attribute__((tls_model("initial-exec"))){};
/// The same, but always this library's: a program may stand in front of what is exported.
extern constinit thread_local xgops_task_thread own_task_thread_state __attribute__((
    tls_model("initial-exec"), alias("xgops_task_thread_state"), visibility("hidden")));
XGOPS_EXPORT constinit std::atomic<std::uint32_t> xgops_task_options{0};
XGOPS_EXPORT extern const std::int32_t xgops_tasks_layout_1 = 1;

XGOPS_EXPORT void xgops_task_attach_thread(void) {
  xgops::tasks::registry().attach_thread();
}

XGOPS_EXPORT void xgops_task_try_attach_thread(void) {
  try {
    xgops::tasks::registry().attach_thread();
  } catch (const std::exception&) {
  }
}

XGOPS_EXPORT xgops_task_record* xgops_task_refill(void) {
  return xgops::tasks::registry().refill();
}

XGOPS_EXPORT void xgops_task_spill(xgops_task_record* record) {
  xgops::tasks::registry().spill(record);
}

XGOPS_EXPORT std::uint64_t xgops_task_refill_ids(void) {
  return xgops::tasks::registry().refill_ids();
}

XGOPS_EXPORT std::uint16_t xgops_task_executor(const void* context) {
  return xgops::tasks::registry().executor_number(context);
}

XGOPS_EXPORT void* xgops_frame_refill(std::size_t size_class) {
  try {
    xgops::tasks::registry().attach_thread();
  } catch (const std::bad_alloc&) {
    // The thread goes without a cache.
  }
  return xgops::tasks::registry().refill_frames(size_class);
}

XGOPS_EXPORT void xgops_frame_spill(void* frame, std::size_t size_class) {
  xgops::tasks::registry().spill_frame(frame, size_class);
}

// What follows is not worth failing for: a task without its name is still a task.

XGOPS_EXPORT void xgops_task_describe_new(xgops_task_record* record,
                                          const xgops_task_record* parent) {
  using xgops::detail::kRecordCreationStacks;
  try {
    if (parent != nullptr && parent->details.load(xgops::detail::kRelaxed) != 0) {
      xgops::tasks::details().inherit(*record, *parent);
    }
    const std::uint32_t scope =
        parent != nullptr
            ? xgops::tasks::details().leak_scope(parent->details.load(xgops::detail::kRelaxed))
            : xgops_task_thread_state.leak_scope;
    if (scope != 0) {
      xgops::tasks::details().set_leak_scope(*record, scope);
    }
    if ((xgops_task_options.load(xgops::detail::kRelaxed) & kRecordCreationStacks) != 0) {
      xgops::tasks::details().set_creation_stack(*record, xgops::tasks::current_stack(1));
    }
  } catch (const std::exception&) {
  }
}

XGOPS_EXPORT void xgops_task_forget_details(xgops_task_record* record) {
  xgops::tasks::details().forget(*record);
}

XGOPS_EXPORT void xgops_task_set_name(xgops_task_record* record, const char* name) {
  try {
    xgops::tasks::details().set_name(*record, name);
  } catch (const std::exception&) {
  }
}

XGOPS_EXPORT void xgops_task_set_label(xgops_task_record* record, const char* key,
                                       const char* value) {
  try {
    xgops::tasks::details().set_label(*record, key, value);
  } catch (const std::exception&) {
  }
}

XGOPS_EXPORT std::uint64_t xgops_task_count(void) {
  return xgops::tasks::registry().counts().live;
}

}  // extern "C"

namespace xgops::tasks {

bool has_own_thread_state() noexcept {
  const void* own = &own_task_thread_state;
  asm("" : "+r"(own));  // The compiler takes them for one.
  return own == &xgops_task_thread_state;
}

}  // namespace xgops::tasks
