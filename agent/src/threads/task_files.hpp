// SPDX-License-Identifier: MIT
// Reads and parses the files of /proc/self/task/TID.
#pragma once

#include "xgops/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace xgops::threads {

/// What /proc/.../syscall says.
struct SystemCallFacts {
  enum class Kind : std::uint8_t {
    kUnreadable,
    kRunning,           ///< On a CPU or waiting for one.
    kBlocked,           ///< Asleep in a system call.
    kBlockedElsewhere,  ///< Asleep without a call: page fault, stopped.
  };
  Kind kind = Kind::kUnreadable;
  int number = -1;
  std::array<std::uint64_t, 6> arguments{};
  std::uint64_t stack_pointer = 0;
  std::uint64_t instruction_pointer = 0;
};

/// What /proc/.../schedstat says.
struct ScheduleFacts {
  std::uint64_t cpu_ns = 0;
  std::uint64_t times_scheduled = 0;  ///< Rises whenever the thread gets a CPU: a sequence counter.
};

/// What /proc/.../sched says (kernels with CONFIG_SCHED_DEBUG).
struct SchedulerFacts {
  std::string name;
  std::int64_t last_ran_ns = 0;  ///< On the clock of the scheduler of the CPU where that was.
};

/// What /proc/.../stat says.
struct StatFacts {
  char state = '?';
  std::uint64_t flags = 0;       ///< PF_... of the kernel's include/linux/sched.h.
  std::uint64_t started_ns = 0;  ///< CLOCK_BOOTTIME, to a hundredth of a second, rounded down.
  int cpu = -1;                  ///< Where it runs or ran last; -1: not known.
};

/// What matters of /proc/.../status before a signal is sent.
struct SignalFacts {
  std::uint64_t blocked = 0;  ///< Bit n-1: signal n.
  std::uint64_t caught = 0;   ///< Those with a handler; of the whole process.
  int seccomp = 0;            ///< 0 none, 1 strict, 2 filter.
  int seccomp_filters = 0;    ///< 0 before Linux 5.9.
};

[[nodiscard]] SystemCallFacts parse_system_call(std::string_view text);
[[nodiscard]] std::optional<ScheduleFacts> parse_schedstat(std::string_view text);
[[nodiscard]] std::optional<SchedulerFacts> parse_sched(std::string_view text);
[[nodiscard]] std::optional<SignalFacts> parse_status(std::string_view text);
/// Takes what it finds: a text that is cut off gives the fields before the cut.
[[nodiscard]] StatFacts parse_stat(std::string_view text);

/// Which of the kernel's workers in this process a thread is. They run no code of the program and
/// have no stack in it.
enum class KernelWorker : std::uint8_t { kNone = 0, kIoUring, kOther };
/// `call` tells it from a thread of the program for which an older kernel sets the same flags.
[[nodiscard]] KernelWorker kernel_worker_of(const StatFacts& stat, const SystemCallFacts& call);

/// The files of all threads of this process, reached through a directory descriptor so that neither
/// chroot nor a main thread that has ended is in the way.
class TaskFiles {
 public:
  explicit TaskFiles(int task_directory_fd) noexcept : directory_(task_directory_fd) {}

  /// TIDs in ascending order.
  [[nodiscard]] Result<std::vector<pid_t>> list() const;

  /// Opens `TID/name` (O_RDONLY, O_CLOEXEC); negative errno on failure.
  [[nodiscard]] int open(pid_t tid, const char* name) const noexcept;

  /// Reads the beginning of `TID/name`. Empty on failure, with errno set.
  [[nodiscard]] std::string_view read(pid_t tid, const char* name,
                                      std::span<char> buffer) const noexcept;

  /// Reads all of `TID/name`, up to `limit` bytes.
  [[nodiscard]] Result<std::string> read_all(pid_t tid, const char* name, std::size_t limit) const;

  /// Target of the link `TID/name`; empty on failure.
  [[nodiscard]] std::string read_link(pid_t tid, const std::string& name) const;

  /// File type bits (S_IFMT) of what `TID/name` leads to; 0 on failure.
  [[nodiscard]] std::uint32_t file_type(pid_t tid, const std::string& name) const noexcept;

  [[nodiscard]] bool exists(pid_t tid) const noexcept;

 private:
  int directory_;
};

}  // namespace xgops::threads
