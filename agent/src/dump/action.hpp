// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
// What a signal does without us, kept so that it can change while a handler reads it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace xgops::dump {

/// `struct sigaction` as the kernel has it: handed back exactly as it was.
struct KernelAction {
  static constexpr std::uint64_t kDefault = 0;  // SIG_DFL
  static constexpr std::uint64_t kIgnore = 1;   // SIG_IGN

  std::uint64_t handler = kDefault;
  std::uint64_t flags = 0;
  std::uint64_t restorer = 0;
  std::uint64_t mask = 0;
};

/// An action that one thread at a time may set and any may get. Whoever gets it does not wait for
/// whoever sets it, who may have been interrupted, or be no thread of this process: a fork copies a
/// cell at any moment.
class ActionCell {
 public:
  void set(const KernelAction& action) noexcept {
    const std::uint32_t next = current_.load(std::memory_order_relaxed) + 1;
    auto& words = versions_[next % versions_.size()];
    words[0].store(action.handler, std::memory_order_relaxed);
    words[1].store(action.flags, std::memory_order_relaxed);
    words[2].store(action.restorer, std::memory_order_relaxed);
    words[3].store(action.mask, std::memory_order_relaxed);
    current_.store(next, std::memory_order_release);
  }

  /// Another number whenever it has been set since.
  [[nodiscard]] std::uint32_t version() const noexcept {
    return current_.load(std::memory_order_acquire);
  }

  [[nodiscard]] KernelAction get() const noexcept {
    for (;;) {
      const std::uint32_t version = this->version();
      const auto& words = versions_[version % versions_.size()];
      KernelAction action;
      action.handler = words[0].load(std::memory_order_relaxed);
      action.flags = words[1].load(std::memory_order_relaxed);
      action.restorer = words[2].load(std::memory_order_relaxed);
      action.mask = words[3].load(std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_acquire);
      // The words were those of another version only if it came round meanwhile, which begins when
      // all others have been used.
      if (current_.load(std::memory_order_relaxed) - version < versions_.size() - 1) {
        return action;
      }
    }
  }

 private:
  std::atomic<std::uint32_t> current_{0};
  std::array<std::array<std::atomic<std::uint64_t>, 4>, 4> versions_{};
};

}  // namespace xgops::dump
