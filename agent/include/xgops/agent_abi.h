// SPDX-License-Identifier: MIT
// The agent's binary interface, for C and C++: what libxgops-agent exports. See agent.hpp for C++.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

/// Values of `signal`.
enum {
  XGOPS_SIGNAL_DEFAULT = 0,  ///< SIGRTMAX-2
  XGOPS_SIGNAL_NONE = -1     ///< Threads that run on a CPU are listed without a stack.
};

/// Values of `on_fork`.
enum {
  XGOPS_FORK_LISTEN = 0,  ///< A child that lives longer than 100 ms gets an agent of its own.
  XGOPS_FORK_SILENT = 1   ///< A child has no agent.
};

/// Results of `xgops_agent_start`. Positive values are errno values.
enum {
  XGOPS_OK = 0,
  XGOPS_DISABLED = -1  ///< XGOPS=0 is in the environment: nothing was done.
};

/// How to run. Zero everything, set `size`, then what you want to change: later versions add fields
/// at the end only, and 0 in them means what it was before.
typedef struct xgops_agent_options {
  size_t size;            ///< sizeof(xgops_agent_options)
  const char* directory;  ///< Of the socket, absolute. NULL or "": the usual places.
  const char* log_file;   ///< Gets a line per event. NULL or "": none.
  int32_t signal;
  int32_t on_fork;
  int32_t make_dumpable;  ///< Not 0: see XGOPS_DUMPABLE in the README.
  int32_t dump_signal;    ///< A dump is written at this signal, and the program goes on. 0: none.
  /// Where a dump goes when the program crashes: "stderr" or a path, in which %p is the pid. NULL
  /// or
  /// "": none is written, and no handler of the program is replaced.
  const char* crash_dump;
} xgops_agent_options;

/// Why a start failed. Set `size`; texts are cut to fit.
typedef struct xgops_agent_error {
  size_t size;        ///< sizeof(xgops_agent_error)
  char context[256];  ///< Which operand: a path, a variable.
  char hint[256];     ///< What to do next; may be empty.
} xgops_agent_error;

/// Starts the agent of this process. `options` may be NULL: all defaults. The environment has the
/// last word: XGOPS, XGOPS_DIR, XGOPS_LOG, XGOPS_SIGNAL, XGOPS_FORK, XGOPS_DUMPABLE,
/// XGOPS_CRASH_DUMP, XGOPS_DUMP_SIGNAL. On return the socket accepts connections. The process goes
/// on, unobserved, when it fails; `error` (may be NULL) says why. Signal safety: none.
int32_t xgops_agent_start(const xgops_agent_options* options, xgops_agent_error* error);

/// Ends this process's agent, if there is one. Signal safety: none.
void xgops_agent_stop(void);

/// 1 while this process has an agent, else 0.
int32_t xgops_agent_running(void);

/// Copies the path of the socket, ended by a zero and cut to fit. Returns its length; 0: no agent.
size_t xgops_agent_socket_path(char* buffer, size_t buffer_bytes);

/// Gives the calling thread an alternate signal stack until it ends, unless it has one or crash
/// dumps are off. A preloaded agent does so for every thread started with pthread_create; in a
/// program that links the archive, a thread that does not call this and overflows its stack dies
/// without a dump. Cost: 5 us. Signal safety: none.
void xgops_agent_guard_thread(void);

/// For example "0.1.0".
const char* xgops_agent_version(void);

#if defined(__cplusplus)
}
#endif
