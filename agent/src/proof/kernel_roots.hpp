// SPDX-License-Identifier: MIT
// Pointers that only the kernel has: what epoll returns, what a timer's signal carries, what lies
// in pipes and Unix sockets.
#pragma once

#include "proof/scratch.hpp"

#include <cstdint>
#include <string_view>

#include <sys/types.h>

namespace xgops::proof {

class KernelRoots {
 public:
  explicit KernelRoots(Scratch& scratch) noexcept;

  /// Adds the words that the kernel has of the descriptors of thread `tid`, with which the other
  /// threads share them. While all threads stand still: allocates nothing. Cost: 5 us a descriptor.
  void collect(int task_directory_fd, pid_t tid) noexcept;

  [[nodiscard]] const ScratchArray<std::uint64_t>& words() const noexcept { return words_; }
  /// `Doubt` bits: what could not be read.
  [[nodiscard]] std::uint32_t doubts() const noexcept { return doubts_; }

  // Line by line, for tests.
  void add_epoll_line(std::string_view line) noexcept;
  void add_timer_line(std::string_view line) noexcept;

 private:
  using AddLine = void (KernelRoots::*)(std::string_view);

  void look_at_descriptor(int directory, int process, int fd) noexcept;
  [[nodiscard]] bool read_lines(int directory, const char* name, AddLine add) noexcept;
  void look_into_pipe(int process, int fd) noexcept;
  void look_into_socket(int process, int fd) noexcept;
  void add_payload(std::size_t bytes) noexcept;
  void look_at_timers(int directory) noexcept;
  void look_at_signals(int directory) noexcept;

  ScratchArray<std::uint64_t> words_;
  char* listing_;
  char* buffer_;
  std::uint32_t doubts_ = 0;
};

}  // namespace xgops::proof
