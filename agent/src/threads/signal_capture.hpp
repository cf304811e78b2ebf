// SPDX-License-Identifier: MIT
// Asks running threads for their registers and stack by signal, a batch at a time, with deadlines.
#pragma once

#include "signal_safe/capture_slot.hpp"
#include "unwind/registers.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <sys/types.h>

namespace xgops::threads {

/// How one thread's request by signal ended.
enum class SignalOutcome : std::uint8_t {
  kAnswered,
  kExited,     ///< The thread ended first.
  kNotQueued,  ///< RLIMIT_SIGPENDING is used up.
  kNoAnswer,   ///< It did not run before the deadline.
  kRefused,    ///< The system does not let us send it.
};

/// A running thread's answer. `stack` is valid until the next batch.
struct SignalAnswer {
  SignalOutcome outcome = SignalOutcome::kNoAnswer;
  unwind::Registers registers;
  std::span<const std::byte> stack;
};

class SignalCapture {
 public:
  explicit SignalCapture(int signal) noexcept : signal_(signal) {}

  /// Most threads in one batch.
  static constexpr std::size_t kBatch = signal_safe::kSlotCount;

  /// Whether our handler is still installed for the signal.
  [[nodiscard]] bool ready() const noexcept;
  [[nodiscard]] int signal() const noexcept { return signal_; }

  /// Whether the handler is to run on a thread's alternate stack, where it has one. By default not:
  /// such a stack may be as small as 2 KiB, less than a signal frame where the CPU has AVX-512, and
  /// the kernel ends a process in which one does not fit. But Go code, whose stacks are small and
  /// checked, asks for it (os/signal, "Non-Go programs that call Go code").
  void use_alternate_stacks(bool use) const noexcept;

  /// Publishes the mappings that can be stacks for the answers to come.
  void set_stack_ranges(const std::vector<signal_safe::StackRange>& ranges);

  /// Sends the signal to `tids` (at most `kBatch`) and waits until all answered or `deadline`
  /// passed. `still_exists` is asked for threads that are slow to answer.
  [[nodiscard]] std::vector<SignalAnswer> ask(std::span<const pid_t> tids,
                                              std::chrono::steady_clock::time_point deadline,
                                              const std::function<bool(pid_t)>& still_exists);

  /// Gives the memory of the answers back to the system.
  void release() noexcept;

 private:
  struct Pending;

  bool prepare_slots() noexcept;
  void send(std::span<const pid_t> tids, std::vector<Pending>& pending,
            std::vector<SignalAnswer>& answers);
  void wait(std::vector<Pending>& pending, std::chrono::steady_clock::time_point deadline,
            const std::function<bool(pid_t)>& still_exists, std::vector<SignalAnswer>& answers);

  int signal_;
};

}  // namespace xgops::threads
