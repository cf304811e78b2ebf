// SPDX-License-Identifier: MIT
// Functions of the C library in whose place the preloadable library stands.
#pragma once

#include <atomic>

#include <dlfcn.h>

namespace xgops {

/// The function `name` that the program would have called without us. One per process.
template <class Function>
class NextFunction {
 public:
  constexpr explicit NextFunction(const char* name) noexcept : name_(name) {}

  /// Null when there is none. Asks the loader at its first call only: let a constructor make that,
  /// since later another thread may hold the loader's lock, or have held it in a fork. Constructors
  /// of others may have called before.
  Function get() noexcept {
    Function found = next_.load(std::memory_order_acquire);
    if (found == nullptr) {
      found = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name_));
      next_.store(found, std::memory_order_release);
    }
    return found;
  }

 private:
  const char* name_;
  std::atomic<Function> next_{nullptr};
};

}  // namespace xgops
