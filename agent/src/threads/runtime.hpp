// SPDX-License-Identifier: MIT
// What is known of this process's C library: the addresses of functions that wait, and where glibc
// keeps the owners of locks. Nothing is believed that was not checked at start on objects of our
// own.
#pragma once

#include <cstdint>
#include <vector>

namespace xgops::threads {

/// The library calls that can put a thread to sleep on a futex.
enum class WaitCall : std::uint8_t {
  kNone = 0,
  kMutex,
  kRwlockRead,
  kRwlockWrite,
  kCondition,
  kJoin,
  kSemaphore,
  kBarrier,
  kOnce,
  kStaticInitialization,
  kFuture,
  kMalloc,
  kStdio,
};

struct Runtime {
  struct WaitFunction {
    std::uint64_t address = 0;
    WaitCall call = WaitCall::kNone;
  };

  std::vector<WaitFunction> wait_functions;  ///< Ascending by address.
  bool mutex_layout = false;                 ///< pthread_mutex_t has owner at +8 and kind at +16.
  bool rwlock_layout = false;                ///< pthread_rwlock_t has its writer at +24.
  bool stdio_layout = false;  ///< A FILE's lock has its owner's thread descriptor at +8.
  std::uint32_t descriptor_tid_offset = 0;  ///< Where a thread descriptor holds its TID.

  /// The call that begins at `address`.
  [[nodiscard]] WaitCall find(std::uint64_t address) const noexcept;
};

}  // namespace xgops::threads
