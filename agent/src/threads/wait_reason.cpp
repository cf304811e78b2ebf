// SPDX-License-Identifier: MIT
#include "threads/wait_reason.hpp"

#include "threads/descriptors.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <string>

#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/syscall.h>

namespace xgops::threads {
namespace {

enum class Direction : std::uint8_t { kRead, kWrite };

WaitReason transfer_reason(DescriptorKind kind, Direction direction) {
  const bool reads = direction == Direction::kRead;
  switch (kind) {
    case DescriptorKind::kSocket:
      return reads ? WaitReason::kSocketRead : WaitReason::kSocketWrite;
    case DescriptorKind::kPipe:
      return reads ? WaitReason::kPipeRead : WaitReason::kPipeWrite;
    case DescriptorKind::kTerminal:
      return reads ? WaitReason::kTerminalRead : WaitReason::kTerminalWrite;
    case DescriptorKind::kEvent:
      return reads ? WaitReason::kEventRead : WaitReason::kSystemCall;
    case DescriptorKind::kFile:
    case DescriptorKind::kUnknown:
      break;
  }
  return reads ? WaitReason::kFileRead : WaitReason::kFileWrite;
}

/// The text at `address`, its first 255 bytes; empty where it cannot be read.
std::string read_text(unwind::Memory& memory, std::uint64_t address) {
  constexpr std::size_t kMostBytes = 255;
  constexpr std::size_t kPageBytes = 4096;
  std::array<char, kMostBytes> buffer{};
  std::string text;
  while (text.size() < kMostBytes) {
    // The page behind the text may not be there.
    const std::size_t bytes =
        std::min<std::size_t>(kMostBytes - text.size(), kPageBytes - address % kPageBytes);
    if (!memory.read(address, buffer.data(), bytes)) {
      break;
    }
    const std::size_t length = ::strnlen(buffer.data(), bytes);
    text.append(buffer.data(), length);
    if (length < bytes) {
      break;
    }
    address += bytes;
  }
  return text;
}

/// One thread's wait, filled in step by step.
class Finder {
 public:
  Finder(const SleepingThread& thread, const WaitContext& context)
      : thread_(thread), context_(context) {
    wait_.system_call = thread.call.number;
  }

  Wait find() {
    if (special_state() || sleeping_call() || readiness_call() || descriptor_call()) {
      return std::move(wait_);
    }
    switch (thread_.call.number) {
      case SYS_pause:
        wait_.reason = WaitReason::kPause;
        break;
      case SYS_rt_sigsuspend:
      case SYS_rt_sigtimedwait:
        wait_.reason = WaitReason::kSignalWait;
        break;
      case SYS_wait4:
      case SYS_waitid:
      case SYS_vfork:
        wait_.reason = WaitReason::kChildWait;
        break;
      case SYS_msgrcv:
      case SYS_msgsnd:
      case SYS_mq_timedreceive:
      case SYS_mq_timedsend:
        wait_.reason = WaitReason::kMessageQueue;
        break;
      case SYS_semop:
      case SYS_semtimedop:
        wait_.reason = WaitReason::kSemaphore;
        break;
      case SYS_io_uring_enter:
        wait_.reason = WaitReason::kIoUring;
        // A registered ring is named by its index, not by a descriptor.
        if ((argument(3) & IORING_ENTER_REGISTERED_RING) == 0) {
          set_descriptor(argument(0));
        }
        break;
      default:
        wait_.reason = WaitReason::kSystemCall;
        wait_.detail = call_with_path();
    }
    return std::move(wait_);
  }

 private:
  [[nodiscard]] std::uint64_t argument(std::size_t index) const {
    return thread_.call.arguments[index];
  }

  /// The call's name, and what it opens: "openat /run/queue".
  [[nodiscard]] std::string call_with_path() const {
    const int number = thread_.call.number;
    std::string name = system_call_name(number);
    const bool opens_at = number == SYS_openat || number == SYS_openat2;
    if (!opens_at && number != SYS_open && number != SYS_creat) {
      return name;
    }
    const std::string path = read_text(context_.memory, argument(opens_at ? 1 : 0));
    return path.empty() ? name : std::move(name) + ' ' + path;
  }

  void set_timeout(std::int64_t nanoseconds) {
    wait_.timed = true;
    wait_.timeout_ns = nanoseconds < 0 ? 0 : nanoseconds;
  }

  void set_timeout_ms(std::uint64_t milliseconds) {
    const auto value = static_cast<std::int32_t>(milliseconds);
    if (value >= 0) {
      set_timeout(std::int64_t{value} * 1'000'000);
    }
  }

  /// Reads a timespec argument; a null pointer means for ever.
  void set_timeout_at(std::uint64_t address, std::int64_t unit_ns = 1) {
    std::array<std::int64_t, 2> time{};
    if (address == 0) {
      return;
    }
    wait_.timed = true;
    if (context_.memory.read_value(address, time)) {
      set_timeout(time[0] * 1'000'000'000 + time[1] * unit_ns);
    }
  }

  DescriptorInfo set_descriptor(std::uint64_t fd) {
    wait_.fd = static_cast<int>(fd);
    DescriptorInfo info =
        describe_descriptor(context_.files, thread_.tid, wait_.fd, context_.shared_fd_table);
    wait_.detail = info.text;
    return info;
  }

  bool special_state() {
    switch (thread_.state) {
      case 'T':
        wait_.reason = WaitReason::kStopped;
        return true;
      case 't':
        wait_.reason = WaitReason::kTraced;
        return true;
      case 'Z':
      case 'X':
        wait_.reason = WaitReason::kExited;
        return true;
      default:
        break;
    }
    if (thread_.call.kind == SystemCallFacts::Kind::kBlockedElsewhere) {
      wait_.reason = WaitReason::kPageFault;
      return true;
    }
    const int number = thread_.call.number;
    const bool waits_for_child = number == SYS_vfork || number == SYS_clone || number == SYS_clone3;
    if (thread_.state == 'D' && waits_for_child) {
      wait_.reason = WaitReason::kChildWait;
      wait_.detail = "vfork";
      return true;
    }
    if (thread_.state == 'D' && number != SYS_fsync && number != SYS_fdatasync) {
      wait_.reason = WaitReason::kDisk;
      wait_.detail = call_with_path();
      return true;
    }
    return false;
  }

  bool sleeping_call() {
    switch (thread_.call.number) {
      case SYS_nanosleep:
        wait_.reason = WaitReason::kSleep;
        set_timeout_at(argument(0));
        return true;
      case SYS_clock_nanosleep: {
        wait_.reason = WaitReason::kSleep;
        set_timeout_at(argument(2));
        if ((argument(1) & TIMER_ABSTIME) != 0 && wait_.timeout_ns >= 0) {
          timespec now{};
          ::clock_gettime(static_cast<clockid_t>(argument(0)), &now);
          set_timeout(wait_.timeout_ns - (now.tv_sec * 1'000'000'000 + now.tv_nsec));
        }
        return true;
      }
      default:
        return false;
    }
  }

  bool readiness_call() {
    switch (thread_.call.number) {
      case SYS_epoll_wait:
      case SYS_epoll_pwait:
        wait_.reason = WaitReason::kEpoll;
        wait_.fd = static_cast<int>(argument(0));
        set_timeout_ms(argument(3));
        return true;
      case SYS_epoll_pwait2:
        wait_.reason = WaitReason::kEpoll;
        wait_.fd = static_cast<int>(argument(0));
        set_timeout_at(argument(3));
        return true;
      case SYS_poll:
        set_timeout_ms(argument(2));
        describe_poll();
        return true;
      case SYS_ppoll:
        set_timeout_at(argument(2));
        describe_poll();
        return true;
      case SYS_select:
        wait_.reason = WaitReason::kSelect;
        set_timeout_at(argument(4), 1000);
        return true;
      case SYS_pselect6:
        wait_.reason = WaitReason::kSelect;
        set_timeout_at(argument(4));
        return true;
      default:
        return false;
    }
  }

  void describe_poll() {
    wait_.reason = WaitReason::kPoll;
    const std::uint64_t count = argument(1);
    pollfd single{};
    if (count == 1 && context_.memory.read_value(argument(0), single) && single.fd >= 0) {
      set_descriptor(static_cast<std::uint64_t>(single.fd));
    } else {
      wait_.detail = std::to_string(count) + " descriptors";
    }
  }

  bool descriptor_call() {
    switch (thread_.call.number) {
      case SYS_read:
      case SYS_readv:
      case SYS_pread64:
      case SYS_preadv:
      case SYS_preadv2:
        return transfer(argument(0), Direction::kRead);
      case SYS_write:
      case SYS_writev:
      case SYS_pwrite64:
      case SYS_pwritev:
      case SYS_pwritev2:
      case SYS_sendfile:
        return transfer(argument(0), Direction::kWrite);
      case SYS_splice:
      case SYS_tee:
        return transfer(argument(0), Direction::kRead);
      case SYS_recvfrom:
      case SYS_recvmsg:
      case SYS_recvmmsg:
        return with_socket(WaitReason::kSocketRead);
      case SYS_sendto:
      case SYS_sendmsg:
      case SYS_sendmmsg:
        return with_socket(WaitReason::kSocketWrite);
      case SYS_accept:
      case SYS_accept4:
        return with_socket(WaitReason::kAccept);
      case SYS_connect:
        with_socket(WaitReason::kConnect);
        note_target();
        return true;
      case SYS_fsync:
      case SYS_fdatasync:
      case SYS_sync_file_range:
      case SYS_syncfs:
        return with_descriptor(WaitReason::kFileSync);
      case SYS_flock:
        return with_descriptor(WaitReason::kFileLock);
      case SYS_fcntl:
        return argument(1) == F_SETLKW || argument(1) == F_OFD_SETLKW
                   ? with_descriptor(WaitReason::kFileLock)
                   : false;
      default:
        return false;
    }
  }

  bool transfer(std::uint64_t fd, Direction direction) {
    wait_.reason = transfer_reason(set_descriptor(fd).kind, direction);
    if (wait_.reason == WaitReason::kSystemCall) {
      wait_.detail = system_call_name(thread_.call.number) + ' ' + wait_.detail;
    }
    return true;
  }

  /// A socket may give up by itself.
  bool with_socket(WaitReason reason) {
    wait_.reason = reason;
    const DescriptorInfo info = set_descriptor(argument(0));
    const bool receives = reason == WaitReason::kSocketRead || reason == WaitReason::kAccept;
    const std::int64_t timeout = receives ? info.receive_timeout_ns : info.send_timeout_ns;
    if (timeout > 0) {
      wait_.timed = true;
      wait_.timeout_ns = timeout;
    }
    return true;
  }

  /// Where it connects to: the kernel knows no peer yet.
  void note_target() {
    sockaddr_storage address{};
    const auto length = std::min<std::uint64_t>(argument(2), sizeof address);
    if (wait_.detail.find(" -> ") != std::string::npos ||
        !context_.memory.read(argument(1), &address, length)) {
      return;
    }
    if (const std::string target = format_address(address, static_cast<socklen_t>(length));
        !target.empty()) {
      wait_.detail += " -> " + target;
    }
  }

  bool with_descriptor(WaitReason reason) {
    wait_.reason = reason;
    set_descriptor(argument(0));
    return true;
  }

  const SleepingThread& thread_;
  const WaitContext& context_;
  Wait wait_;
};

/// The call in its file is the one in which a thread of the program made it.
Wait wait_of_worker(const SleepingThread& thread) {
  Wait wait;
  wait.detail = "kernel worker";
  switch (thread.state) {
    case 'R':
      wait.reason = WaitReason::kRunning;
      break;
    case 'D':
      wait.reason = WaitReason::kDisk;
      break;
    case 'T':
      wait.reason = WaitReason::kStopped;
      break;
    case 't':
      wait.reason = WaitReason::kTraced;
      break;
    default:
      wait.reason =
          thread.worker == KernelWorker::kIoUring ? WaitReason::kIoUring : WaitReason::kSystemCall;
  }
  return wait;
}

}  // namespace

Wait find_wait_reason(const SleepingThread& thread, const WaitContext& context) {
  if (thread.worker != KernelWorker::kNone) {
    return wait_of_worker(thread);
  }
  const bool on_futex = thread.call.kind == SystemCallFacts::Kind::kBlocked &&
                        thread.call.number == SYS_futex && thread.state == 'S';
  return on_futex ? find_futex_reason(thread, context) : Finder(thread, context).find();
}

}  // namespace xgops::threads
