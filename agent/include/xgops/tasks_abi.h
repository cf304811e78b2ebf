// SPDX-License-Identifier: MIT
// The part of the binary interface that tracked tasks use; see tasks.hpp for C++.
//
// What a task costs on its way is inline (detail/task_record.hpp); these are the slow ways round
// it. None may run inside a signal handler.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

struct xgops_task_record;
struct xgops_task_thread;

/// Present in every library with this layout of task records: a program whose parts disagree does
/// not link.
extern const int32_t xgops_tasks_layout_1;

/// Prepares the calling thread for tasks. Throws std::bad_alloc.
void xgops_task_attach_thread(void);
/// The same; without memory the thread goes without.
void xgops_task_try_attach_thread(void);

/// A free record for the calling thread, and some more into its cache. Throws std::bad_alloc.
struct xgops_task_record* xgops_task_refill(void);
/// Gives `record`, and part of the thread's cache, back to all threads.
void xgops_task_spill(struct xgops_task_record* record);
/// The first of a range of ids for the calling thread.
uint64_t xgops_task_refill_ids(void);

/// A number from 1 to 32767 for the executor, or the context of executors, at this address: the
/// same each time. 0: there are too many.
uint16_t xgops_task_executor(const void* context);

/// Memory for a coroutine frame of `size_class` times 16 bytes. NULL: there is none.
void* xgops_frame_refill(size_t size_class);
void xgops_frame_spill(void* frame, size_t size_class);

/// Gives `record` what it inherits from `parent` (may be NULL), and records who creates it.
void xgops_task_describe_new(struct xgops_task_record* record,
                             const struct xgops_task_record* parent);
/// Forgets name, labels and creation stack of a task that ends.
void xgops_task_forget_details(struct xgops_task_record* record);
/// Names `record`; cut to 47 bytes.
void xgops_task_set_name(struct xgops_task_record* record, const char* name);
/// Adds or replaces a label of `record`, for it and for the tasks that it creates from now on.
void xgops_task_set_label(struct xgops_task_record* record, const char* key, const char* value);

/// `record` ends with an exception of which nobody will be told: its type as the C++ runtime names
/// it, what it says (may be ""), and where the task was suspended last, as `CodeLocation` has it
/// (0: it never was). Counted by where the task was created and by type.
void xgops_task_lose_exception(const struct xgops_task_record* record, const char* type,
                               const char* what, uint64_t place, uint64_t function);

/// A scope for a leak check: tasks, handlers and threads made in it are counted there, and so is
/// what they make. `outer`: the scope that it lies within; 0: none. 0: there are too many.
uint32_t xgops_leak_scope_open(uint32_t outer);
void xgops_leak_scope_close(uint32_t scope);
/// What was in `handler_leak_scope` of a thread, once its handler has returned.
void xgops_leak_scope_release(uint32_t scope);
/// How many tasks and threads live in it.
uint64_t xgops_leak_scope_live(uint32_t scope);
/// Of what runs on this thread.
uint32_t xgops_leak_scope_current(void);

/// Callback of `xgops_task_visit`. All pointers end with the call. Returns 0 to stop.
typedef struct xgops_task_view {
  size_t size;  ///< sizeof(xgops_task_view)
  uint64_t id;
  uint64_t parent;           ///< 0: none.
  int32_t state;             ///< 0 created, 1 ready, 2 running, 3 waiting.
  int32_t tid;               ///< Of a running task; else 0.
  const char* name;          ///< "" when it has none.
  const char* labels;        ///< "key=value key=value", or "".
  const char* wait;          ///< "timer", "socket receive", ...; "" when it does not wait.
  const char* created_file;  ///< "" when it is not known.
  uint32_t created_line;
  uint32_t frame_count;
  const char* const* frame_files;
  const char* const* frame_functions;
  const uint32_t* frame_lines;
  int64_t age_ns;  ///< In its state; -1: not known.
  uint32_t resumed;
} xgops_task_view;
typedef int32_t (*xgops_task_visitor)(void* context, const xgops_task_view* task);

/// An asynchronous operation with a callback is created: `operation_object` until
/// `xgops_pending_remove`; `kind` is a TaskOperation, `argument_kind` a TaskArgumentBits.
void xgops_pending_add(const void* operation_object, const void* kind, int32_t argument_kind,
                       uint64_t argument, const void* context);
/// It completes, or is destroyed. Does nothing for others. The handler that is invoked next on this
/// thread releases the scope that it finds in `handler_leak_scope`.
void xgops_pending_remove(const void* operation_object);

/// For a preloaded agent, which looks for the registry of the program.
const void* xgops_task_registry(void);

/// Live tasks of this process.
uint64_t xgops_task_count(void);
/// Calls `visitor` for every live task, in no order. Stops no thread.
void xgops_task_visit(xgops_task_visitor visitor, void* context);
/// Writes all tasks with their chains to `fd` as text. 0, or an errno value.
int32_t xgops_print_stacks(int32_t fd);

#if defined(__cplusplus)
}
#endif
