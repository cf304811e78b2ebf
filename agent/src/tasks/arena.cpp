// SPDX-License-Identifier: MIT
#include "tasks/arena.hpp"

#include <algorithm>

#include <sys/mman.h>

namespace xgops::tasks {

bool Arena::reserve() noexcept {
  // Inaccessible memory counts neither as used nor, where overcommit is forbidden, as promised.
  // A limit on addresses (RLIMIT_AS) may leave room for a shorter range.
  constexpr std::size_t kLeastBytes = std::size_t{64} << 20;
  const std::size_t least = std::min(kLeastBytes, reserved_bytes_);
  for (std::size_t bytes = reserved_bytes_; bytes >= least; bytes /= 4) {
    void* const range =
        ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range != MAP_FAILED) {
      available_bytes_ = bytes;
      committed_ = static_cast<std::byte*>(range);
      end_.store(committed_, std::memory_order_release);
      begin_.store(committed_, std::memory_order_release);
      return true;
    }
  }
  return false;
}

std::byte* Arena::grow(std::size_t bytes) noexcept {
  if (refused_) {
    return nullptr;
  }
  if (begin() == nullptr && !reserve()) {
    refused_ = true;
    return nullptr;
  }
  std::byte* const result = end();
  const auto used = static_cast<std::size_t>(result - begin());
  if (available_bytes_ - used < bytes) {
    return nullptr;
  }
  const auto committed = static_cast<std::size_t>(committed_ - begin());
  if (used + bytes > committed) {
    const std::size_t steps = (used + bytes - committed + kCommitBytes - 1) & ~(kCommitBytes - 1);
    const std::size_t wanted = std::min(steps, available_bytes_ - committed);
    if (::mprotect(committed_, wanted, PROT_READ | PROT_WRITE) != 0) {
      return nullptr;
    }
    committed_ += wanted;
  }
  end_.store(result + bytes, std::memory_order_release);
  return result;
}

}  // namespace xgops::tasks
