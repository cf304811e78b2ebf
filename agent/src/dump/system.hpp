// SPDX-License-Identifier: MIT
// DUMP ZONE. Code in this folder runs in a thread that has just crashed: inside malloc, inside the
// dynamic loader, holding any lock, with a heap and a C library that may be damaged.
//   - system calls are made directly: no errno, no cancellation, no lazy binding;
//   - no allocation, no lock, no exception, no thread-local variable; all memory is made
//   beforehand;
//   - the program's memory is read through the kernel, which reports what it cannot read;
//   - whatever waits has a deadline.
// scripts/check-signal-safe compares what the objects need with scripts/dump-symbols.txt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

namespace xgops::dump {

template <class T>
inline long word_of(T* pointer) noexcept {
  return reinterpret_cast<long>(pointer);
}
inline long word_of(std::nullptr_t) noexcept {
  return 0;
}
template <class T>
requires std::is_integral_v<T> || std::is_enum_v<T>
inline long word_of(T number) noexcept {
  return long(number);
}

/// A system call. Returns what the kernel does: failures are negative errno values.
template <class... Arguments>
inline long call(long number, Arguments... arguments) noexcept {
  static_assert(sizeof...(arguments) <= 6);
  const long words[7] = {word_of(arguments)..., 0};
  constexpr std::size_t kCount = sizeof...(arguments);
  long result = number;
  register long r10 asm("r10") = kCount > 3 ? words[3] : 0;
  register long r8 asm("r8") = kCount > 4 ? words[4] : 0;
  register long r9 asm("r9") = kCount > 5 ? words[5] : 0;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(kCount > 0 ? words[0] : 0), "S"(kCount > 1 ? words[1] : 0),
                 "d"(kCount > 2 ? words[2] : 0), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline std::int32_t own_pid() noexcept {
  return static_cast<std::int32_t>(call(SYS_getpid));
}
inline std::int32_t own_tid() noexcept {
  return static_cast<std::int32_t>(call(SYS_gettid));
}

inline std::int64_t clock_ns(int clock) noexcept {
  timespec time{};
  call(SYS_clock_gettime, clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}
inline std::int64_t now_ns() noexcept {
  return clock_ns(CLOCK_MONOTONIC);
}

inline void pause_ns(std::int64_t duration) noexcept {
  const timespec time{duration / 1'000'000'000, duration % 1'000'000'000};
  call(SYS_nanosleep, &time, nullptr);
}

/// A descriptor that is closed at the end of its scope.
class File {
 public:
  explicit File(long fd) noexcept : fd_(static_cast<int>(fd)) {}
  ~File() {
    if (fd_ >= 0) {
      call(SYS_close, fd_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// Bytes read; 0 at the end and on failure.
  [[nodiscard]] std::size_t read(void* out, std::size_t bytes) const noexcept {
    const long got = call(SYS_read, fd_, out, bytes);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

 private:
  int fd_;
};

inline long open_at(int directory, const char* path, int flags) noexcept {
  return call(SYS_openat, directory, path, flags | O_CLOEXEC, 0600);
}

/// While it lives, a process that ran out of descriptors has some more where its hard limit allows:
/// to have run out of them is a reason to crash.
class MoreDescriptors {
 public:
  MoreDescriptors() noexcept {
    const long fd = call(SYS_dup, 0);
    if (fd >= 0) {
      call(SYS_close, fd);
    }
    constexpr long kNoMore = -24;  // EMFILE
    constexpr rlim_t kNeeded = 16;
    if (fd == kNoMore && call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &before_) == 0) {
      rlimit more = before_;
      more.rlim_cur = before_.rlim_max - before_.rlim_cur < kNeeded ? before_.rlim_max
                                                                    : before_.rlim_cur + kNeeded;
      raised_ = call(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, nullptr) == 0;
    }
  }
  ~MoreDescriptors() {
    if (raised_) {
      call(SYS_prlimit64, 0, RLIMIT_NOFILE, &before_, nullptr);
    }
  }
  MoreDescriptors(const MoreDescriptors&) = delete;
  MoreDescriptors& operator=(const MoreDescriptors&) = delete;

 private:
  rlimit before_{};
  bool raised_ = false;
};

}  // namespace xgops::dump
