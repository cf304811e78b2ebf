// SPDX-License-Identifier: MIT
// Leaving the host's descriptor table.
#include "support/fd_table.hpp"

#include <cerrno>
#include <cstdlib>

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

// Present in a program that runs under ThreadSanitizer, whoever compiled this file.
extern "C" [[gnu::weak]] void __tsan_init();  // NOLINT(readability-identifier-naming)

namespace xgops::support {
namespace {

// Not in Debian 12's <linux/close_range.h> for every libc that we meet; the values are ABI.
constexpr long kCloseRange = 436;
constexpr unsigned kCloseRangeUnshare = 1U << 1U;

/// Closes all descriptors of the calling thread's table.
void close_all() noexcept {
  DIR* const listing = ::opendir("/proc/thread-self/fd");
  if (listing == nullptr) {
    // No list of what to close. Higher numbers stay open: rare, and better than nothing.
    constexpr int kSearched = 65536;
    for (int fd = 0; fd < kSearched; ++fd) {
      ::close(fd);
    }
    return;
  }
  // Only this thread uses readdir on this stream.
  while (const dirent* const entry = ::readdir(listing)) {  // NOLINT(concurrency-mt-unsafe)
    const int fd = std::atoi(entry->d_name);                // NOLINT(cert-err34-c): "." is 0.
    if (entry->d_name[0] != '.' && fd != ::dirfd(listing)) {
      ::close(fd);
    }
  }
  ::closedir(listing);
}

/// For kernels before 5.9 and for seccomp profiles older than close_range: copies the table, then
/// closes all of the copy.
bool unshare_and_close() noexcept {
  if (::unshare(CLONE_FILES) != 0) {
    return false;
  }
  close_all();
  return true;
}

/// Takes the numbers 0 to 2, so that nothing of ours can be mistaken for a standard stream.
void occupy_standard_numbers() noexcept {
  for (;;) {
    int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
      fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    if (fd < 0) {
      return;
    }
    if (fd > STDERR_FILENO) {
      ::close(fd);
      return;
    }
  }
}

/// ThreadSanitizer keys descriptors by number and knows one table only: with equal numbers in both
/// tables it would report races between the host and us. Ours start above those of most programs.
void move_numbers_up() noexcept {
  constexpr int kFirstNumber = 512;
  int fd = 0;
  do {
    fd = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDIN_FILENO);
  } while (fd >= 0 && fd < kFirstNumber);
}

}  // namespace

FdTable leave_host_fd_table() noexcept {
  if (::syscall(kCloseRange, 0U, ~0U, kCloseRangeUnshare) != 0 && !unshare_and_close()) {
    return FdTable::kShared;
  }
  occupy_standard_numbers();
  if (__tsan_init != nullptr) {
    move_numbers_up();
  }
  return FdTable::kPrivate;
}

}  // namespace xgops::support
