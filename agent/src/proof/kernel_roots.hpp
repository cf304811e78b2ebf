// SPDX-License-Identifier: MIT
// Pointers that only the kernel has: what epoll returns, what a timer's signal carries, what lies
// in pipes and sockets.
#pragma once

#include "proof/descriptor_kind.hpp"
#include "proof/scratch.hpp"
#include "signal_safe/park_slot.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <sys/types.h>

namespace xgops::proof {

/// How long it may look at most.
class LookLimit {
 public:
  /// `goes_on`: whether a look is still worth anything.
  using GoesOn = bool (*)(const void* context);
  LookLimit(std::chrono::steady_clock::time_point end, GoesOn goes_on, const void* context) noexcept
      : end_(end), goes_on_(goes_on), context_(context) {}

  [[nodiscard]] bool reached() const noexcept {
    return !goes_on_(context_) || std::chrono::steady_clock::now() >= end_;
  }

 private:
  std::chrono::steady_clock::time_point end_;
  GoesOn goes_on_;
  const void* context_;
};

class KernelRoots {
 public:
  explicit KernelRoots(Scratch& scratch) noexcept;

  /// Looks at the descriptors of thread `tid`, with which the other threads share them, while the
  /// program runs: those in which nothing can lie need not be looked into later. Cost: 10 us each.
  void prepare(int task_directory_fd, pid_t tid) noexcept;
  /// Adds the words that the kernel has for the process. While all of `threads`, or `tid` without
  /// any, stand still: allocates nothing. Cost: 2 us a descriptor, 5 us for one that is looked
  /// into, 10 us a thread.
  void collect(int task_directory_fd, pid_t tid,
               std::span<const signal_safe::ParkSlot* const> threads,
               const LookLimit& limit) noexcept;

  [[nodiscard]] const ScratchArray<std::uint64_t>& words() const noexcept { return words_; }
  /// May be pointers at any place of it.
  [[nodiscard]] const ScratchArray<char>& bytes() const noexcept { return bytes_; }
  /// `Doubt` bits: what could not be read.
  [[nodiscard]] std::uint32_t doubts() const noexcept { return doubts_; }
  /// Whether a device, or the kernel for io_uring, may be writing to the program's memory: before
  /// Linux 6.5 what it writes may end up in the child's copy.
  [[nodiscard]] bool has_direct_io() const noexcept { return has_direct_io_; }

  // Line by line, for tests.
  void add_epoll_line(std::string_view line) noexcept;
  void add_timer_line(std::string_view line) noexcept;

 private:
  using AddLine = void (KernelRoots::*)(std::string_view);
  /// One in which nothing lies as long as it leads to where it led.
  struct Harmless {
    int fd = -1;
    std::uint64_t target = 0;
  };
  struct Process;

  template <class Visit>
  void visit_descriptors(const Process& process, Visit&& visit) noexcept;
  void look_at_descriptor(const Process& process, int fd) noexcept;
  void prepare_descriptor(const Process& process, int fd) noexcept;
  [[nodiscard]] bool is_harmless(int fd, std::uint64_t target) const noexcept;
  [[nodiscard]] bool read_lines(int directory, const char* name, AddLine add) noexcept;
  void look_into_pipe(int process, int fd) noexcept;
  void look_into_socket(int process, int fd) noexcept;
  void look_into_stream(int socket) noexcept;
  void add_payload(ssize_t read, int waiting) noexcept;
  void look_at_timers(int directory) noexcept;
  void look_at_signals(int task_directory_fd, pid_t tid) noexcept;
  void look_at_threads(int task_directory_fd, pid_t tid,
                       std::span<const signal_safe::ParkSlot* const> threads) noexcept;

  ScratchArray<std::uint64_t> words_;
  ScratchArray<char> bytes_;
  ScratchArray<Harmless> harmless_;  ///< By number.
  char* listing_;
  char* buffer_;
  const LookLimit* limit_ = nullptr;
  std::uint32_t doubts_ = 0;
  bool has_direct_io_ = false;
};

/// How many descriptors thread `tid` has.
[[nodiscard]] std::size_t count_descriptors(int task_directory_fd, pid_t tid) noexcept;

}  // namespace xgops::proof
