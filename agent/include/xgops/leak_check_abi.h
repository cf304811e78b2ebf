// SPDX-License-Identifier: MIT
// The part of the binary interface that leak checks use; see leak_check.hpp for C++.
//
// None of it may run inside a signal handler.
#pragma once

#include "xgops/tasks_abi.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

typedef struct xgops_leak_frame {
  const char* function;  ///< "" when it is not known.
  const char* file;
  uint32_t line;
} xgops_leak_frame;

/// What will become of a leaked task or thread, for all that is known.
enum {
  XGOPS_LEAK_RUNNING = 0,   ///< It runs, or is ready to.
  XGOPS_LEAK_SETTLING = 1,  ///< It has gone on while the check waited for it.
  XGOPS_LEAK_WAITING = 2,   ///< It waits for something that may happen yet.
  XGOPS_LEAK_BLOCKED = 3,   ///< Nobody can end its wait any more.
};

/// Leaks that are alike. All pointers end with the call that shows it.
typedef struct xgops_leak_group {
  size_t size;  ///< sizeof(xgops_leak_group)
  int32_t is_thread;
  int32_t fate;
  uint64_t count;
  const uint64_t* ids;  ///< Of the first of them: task ids, or thread ids.
  size_t id_count;
  const char* state;   ///< "running", "queued", "channel receive", "mutex lock", ...
  const char* object;  ///< What it waits for: "channel 0x7f.."; "" when there is nothing to say.
  const char* why;     ///< What the fate follows from; "" for the obvious.
  const char* name;
  const char* labels;              ///< "key=value key=value"; "" for threads.
  int64_t age_ns;                  ///< The longest in its state; -1: not known.
  const xgops_leak_frame* frames;  ///< Innermost first.
  uint32_t frame_count;
  const xgops_leak_frame* created;  ///< Where, innermost first.
  uint32_t created_count;
  uint64_t creator;  ///< The task, or else for threads the thread, that made the first; 0: unknown.
  const char* text;  ///< All of it, for people: a sentence and the stack.
} xgops_leak_group;

enum {
  XGOPS_LEAK_TOP_FUNCTION = 0,
  XGOPS_LEAK_ANY_FUNCTION = 1,
  XGOPS_LEAK_CREATED_BY = 2,
  XGOPS_LEAK_THREAD_NAME = 3,
  XGOPS_LEAK_TASK_NAME = 4,
  XGOPS_LEAK_LABEL = 5,  ///< "key=value"
};
/// What is no leak. `text` is a function's qualified name without parameters, or a name; `*` and
/// `?` as in the shell.
typedef struct xgops_leak_filter {
  int32_t kind;
  const char* text;
} xgops_leak_filter;

enum {
  XGOPS_LEAK_NO_THREADS = 1,
  XGOPS_LEAK_NO_BUILT_IN = 2,  ///< Threads of well-known libraries count, too.
};

typedef struct xgops_leak_request {
  size_t size;     ///< sizeof(xgops_leak_request)
  uint32_t scope;  ///< 0: everything in the process.
  uint32_t flags;
  int64_t deadline_ns;  ///< So long leaks may take to end.
  const xgops_leak_filter* filters;
  size_t filter_count;
  const uint64_t* known_tasks;  ///< Ascending: these are no leaks.
  size_t known_task_count;
  const uint64_t* known_threads;  ///< Ascending, as `xgops_leak_current` gives them.
  size_t known_thread_count;
  void* context;  ///< For the functions below, which may be null and must not throw.
  /// Whether this one, a group by itself, is no leak.
  int32_t (*ignored)(void* context, const xgops_leak_group* one);
  /// Nonzero: do not wait any longer.
  int32_t (*stopped)(void* context);
  void (*on_group)(void* context, const xgops_leak_group* group);
  /// Something that the reader should know: a filter that matched nothing.
  void (*on_note)(void* context, const char* text);
} xgops_leak_request;

typedef struct xgops_leak_result {
  size_t size;
  uint64_t tasks;    ///< Leaked.
  uint64_t threads;  ///< Leaked.
  int64_t waited_ns;
  int32_t unseen;  ///< Not 0: more lives in the scope than could be seen.
} xgops_leak_result;

/// Waits until nothing of the scope is left, or it is certain that something will stay, or the
/// deadline; then shows what is left. 0, or an errno value: EINVAL for a request that makes no
/// sense, ENOMEM.
int32_t xgops_leak_verify(const xgops_leak_request* request, xgops_leak_result* result);

/// Calls `add` for each task and thread there is.
void xgops_leak_current(void (*add)(void* context, int32_t is_thread, uint64_t id), void* context);

/// From now on until `xgops_leak_watch_end`, `what` may take so long. If it does not end, all tasks
/// and threads are shown on stderr with what blocks them, and the process exits with status 1.
/// Null: it cannot be watched.
void* xgops_leak_watch_begin(int64_t limit_ns, const char* what);
void xgops_leak_watch_end(void* watch);

/// Names functions at addresses of this process for reports: calls `add` once for each function at
/// `address`, inlined ones first. `exact`: not a return address.
typedef void (*xgops_leak_namer)(uint64_t address, int32_t exact,
                                 void (*add)(void* context, const xgops_leak_frame* frame),
                                 void* context);
void xgops_leak_set_namer(xgops_leak_namer namer);

/// Stands for `create(thread, attributes, run, argument)`: the thread belongs to the scope of who
/// creates it.
int xgops_leak_create_thread(int (*create)(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                                           void*),
                             pthread_t* thread, const pthread_attr_t* attributes,
                             void* (*run)(void*), void* argument);

#if defined(__cplusplus)
}
#endif
