// SPDX-License-Identifier: MIT
// How the unwinder reads the target: through an interface that cannot fault.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xgops::unwind {

/// Reads memory that may vanish at any time: another thread's stack, a library's tables.
class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  virtual ~Memory() = default;

  /// Copies `bytes` bytes from `address`. False: not all of them are readable; `out` is then
  /// undefined.
  virtual bool read(std::uint64_t address, void* out, std::size_t bytes) noexcept = 0;

  template <class T>
  bool read_value(std::uint64_t address, T& out) noexcept {
    return read(address, &out, sizeof(out));
  }
};

}  // namespace xgops::unwind
