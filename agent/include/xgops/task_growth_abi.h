// SPDX-License-Identifier: MIT
// The part of the binary interface that watches for growing groups of tasks; see task_growth.hpp
// for C++.
#pragma once

#include "xgops/leak_check_abi.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

/// A group of tasks that has grown. All pointers end with the call that tells it.
typedef struct xgops_growth {
  size_t size;  ///< sizeof(xgops_growth)
  uint64_t before;
  uint64_t now;
  int64_t oldest_ns;  ///< Longest in its state; -1: not known.
  const char* state;  ///< "channel receive"; "" when it does not wait.
  xgops_leak_frame created;
  const xgops_leak_frame* frames;  ///< Innermost first.
  uint32_t frame_count;
} xgops_growth;

typedef struct xgops_growth_options {
  size_t size;          ///< sizeof(xgops_growth_options)
  int64_t interval_ns;  ///< Between samples.
  uint64_t threshold;   ///< Told is growth by more than this between two samples.
  /// On the monitor's thread; must not throw.
  void (*on_growth)(void* context, const xgops_growth* growth);
  void* context;
} xgops_growth_options;

/// Starts a thread that samples. Null: options that make no sense, or no thread.
void* xgops_growth_begin(const xgops_growth_options* options);
/// Waits for a sample that is being taken.
void xgops_growth_end(void* monitor);

#if defined(__cplusplus)
}
#endif
