// SPDX-License-Identifier: MIT
// Names of the system calls in which threads are found asleep.
#include "threads/wait_reason.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <sys/syscall.h>

namespace xgops::threads {
namespace {

struct NamedNumber {
  int number;
  const char* name;
};

constexpr std::array kNames{
    NamedNumber{SYS_read, "read"},
    NamedNumber{SYS_write, "write"},
    NamedNumber{SYS_open, "open"},
    NamedNumber{SYS_close, "close"},
    NamedNumber{SYS_stat, "stat"},
    NamedNumber{SYS_fstat, "fstat"},
    NamedNumber{SYS_lstat, "lstat"},
    NamedNumber{SYS_poll, "poll"},
    NamedNumber{SYS_mmap, "mmap"},
    NamedNumber{SYS_munmap, "munmap"},
    NamedNumber{SYS_mprotect, "mprotect"},
    NamedNumber{SYS_brk, "brk"},
    NamedNumber{SYS_ioctl, "ioctl"},
    NamedNumber{SYS_pread64, "pread64"},
    NamedNumber{SYS_pwrite64, "pwrite64"},
    NamedNumber{SYS_readv, "readv"},
    NamedNumber{SYS_writev, "writev"},
    NamedNumber{SYS_select, "select"},
    NamedNumber{SYS_msync, "msync"},
    NamedNumber{SYS_madvise, "madvise"},
    NamedNumber{SYS_pause, "pause"},
    NamedNumber{SYS_nanosleep, "nanosleep"},
    NamedNumber{SYS_sendfile, "sendfile"},
    NamedNumber{SYS_connect, "connect"},
    NamedNumber{SYS_accept, "accept"},
    NamedNumber{SYS_sendto, "sendto"},
    NamedNumber{SYS_recvfrom, "recvfrom"},
    NamedNumber{SYS_sendmsg, "sendmsg"},
    NamedNumber{SYS_recvmsg, "recvmsg"},
    NamedNumber{SYS_clone, "clone"},
    NamedNumber{SYS_fork, "fork"},
    NamedNumber{SYS_vfork, "vfork"},
    NamedNumber{SYS_execve, "execve"},
    NamedNumber{SYS_exit, "exit"},
    NamedNumber{SYS_wait4, "wait4"},
    NamedNumber{SYS_semop, "semop"},
    NamedNumber{SYS_msgsnd, "msgsnd"},
    NamedNumber{SYS_msgrcv, "msgrcv"},
    NamedNumber{SYS_fcntl, "fcntl"},
    NamedNumber{SYS_flock, "flock"},
    NamedNumber{SYS_fsync, "fsync"},
    NamedNumber{SYS_fdatasync, "fdatasync"},
    NamedNumber{SYS_truncate, "truncate"},
    NamedNumber{SYS_ftruncate, "ftruncate"},
    NamedNumber{SYS_getdents, "getdents"},
    NamedNumber{SYS_rename, "rename"},
    NamedNumber{SYS_mkdir, "mkdir"},
    NamedNumber{SYS_creat, "creat"},
    NamedNumber{SYS_unlink, "unlink"},
    NamedNumber{SYS_rt_sigtimedwait, "rt_sigtimedwait"},
    NamedNumber{SYS_rt_sigsuspend, "rt_sigsuspend"},
    NamedNumber{SYS_sync, "sync"},
    NamedNumber{SYS_mount, "mount"},
    NamedNumber{SYS_futex, "futex"},
    NamedNumber{SYS_io_getevents, "io_getevents"},
    NamedNumber{SYS_getdents64, "getdents64"},
    NamedNumber{SYS_semtimedop, "semtimedop"},
    NamedNumber{SYS_clock_nanosleep, "clock_nanosleep"},
    NamedNumber{SYS_epoll_wait, "epoll_wait"},
    NamedNumber{SYS_mq_timedsend, "mq_timedsend"},
    NamedNumber{SYS_mq_timedreceive, "mq_timedreceive"},
    NamedNumber{SYS_waitid, "waitid"},
    NamedNumber{SYS_openat, "openat"},
    NamedNumber{SYS_newfstatat, "newfstatat"},
    NamedNumber{SYS_unlinkat, "unlinkat"},
    NamedNumber{SYS_pselect6, "pselect6"},
    NamedNumber{SYS_ppoll, "ppoll"},
    NamedNumber{SYS_splice, "splice"},
    NamedNumber{SYS_tee, "tee"},
    NamedNumber{SYS_sync_file_range, "sync_file_range"},
    NamedNumber{SYS_vmsplice, "vmsplice"},
    NamedNumber{SYS_epoll_pwait, "epoll_pwait"},
    NamedNumber{SYS_fallocate, "fallocate"},
    NamedNumber{SYS_accept4, "accept4"},
    NamedNumber{SYS_preadv, "preadv"},
    NamedNumber{SYS_pwritev, "pwritev"},
    NamedNumber{SYS_recvmmsg, "recvmmsg"},
    NamedNumber{SYS_syncfs, "syncfs"},
    NamedNumber{SYS_sendmmsg, "sendmmsg"},
    NamedNumber{SYS_getrandom, "getrandom"},
    NamedNumber{SYS_copy_file_range, "copy_file_range"},
    NamedNumber{SYS_preadv2, "preadv2"},
    NamedNumber{SYS_pwritev2, "pwritev2"},
    NamedNumber{SYS_statx, "statx"},
    NamedNumber{SYS_io_pgetevents, "io_pgetevents"},
    NamedNumber{SYS_io_uring_enter, "io_uring_enter"},
    NamedNumber{SYS_clone3, "clone3"},
    NamedNumber{SYS_openat2, "openat2"},
    NamedNumber{SYS_epoll_pwait2, "epoll_pwait2"},
    NamedNumber{449, "futex_waitv"},  // Not in Debian 12's headers.
};

}  // namespace

std::string system_call_name(int number) {
  const auto* const at = std::find_if(
      kNames.begin(), kNames.end(), [number](const NamedNumber& n) { return n.number == number; });
  return at != kNames.end() ? at->name : "system call " + std::to_string(number);
}

bool always_interruptible(int number) {
  switch (number) {
    case SYS_futex:
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_accept:
    case SYS_accept4:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_pause:
    case SYS_rt_sigtimedwait:
    case SYS_rt_sigsuspend:
    case SYS_wait4:
    case SYS_waitid:
      return true;
    default:
      return false;
  }
}

}  // namespace xgops::threads
