// SPDX-License-Identifier: MIT
#include "proof/kernel_roots.hpp"

#include "proof/doubt.hpp"
#include "proof/proc_path.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

using signal_safe::ParkSlot;
using support::UniqueFd;

constexpr std::size_t kListingBytes = std::size_t{64} << 10;
constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::size_t kTargetBytes = 256;  // What is longer is a file.
constexpr int kCompareDescriptors = 2;     // KCMP_FILES, not in every libc's headers.

std::string_view after(std::string_view line, std::string_view key) noexcept {
  std::string_view rest = line.substr(std::min(key.size(), line.size()));
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  return rest;
}

bool parse_hex(std::string_view text, std::uint64_t& value) noexcept {
  return std::from_chars(text.data(), text.data() + text.size(), value, 16).ec == std::errc();
}

/// The program's descriptor in our own table, for a moment: ours may be another one.
UniqueFd borrow(int process, int fd) noexcept {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, process, fd, 0)));
}

std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // FNV-1a.
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  }
  return hash;
}

}  // namespace

KernelRoots::KernelRoots(Scratch& scratch) noexcept
    : words_(scratch),
      bytes_(scratch),
      harmless_(scratch),
      listing_(static_cast<char*>(scratch.take(kListingBytes))),
      buffer_(static_cast<char*>(scratch.take(kBufferBytes))) {}

void KernelRoots::add_epoll_line(std::string_view line) noexcept {
  // "tfd:        5 events:       19 data:     7ffd1234  pos:0 ino:61 sdev:d"
  constexpr std::string_view kKey = "data:";
  const std::size_t at = line.find(kKey);
  std::uint64_t word = 0;
  if (at == std::string_view::npos) {
    return;
  }
  if (parse_hex(after(line.substr(at), kKey), word)) {
    words_.push(word);
  } else {
    doubts_ |= kDescriptorsUnknown;
  }
}

void KernelRoots::add_timer_line(std::string_view line) noexcept {
  // "signal: 34/00007ffd12345678"
  constexpr std::string_view kKey = "signal:";
  if (!line.starts_with(kKey)) {
    return;
  }
  const std::size_t slash = line.find('/');
  std::uint64_t word = 0;
  if (slash != std::string_view::npos && parse_hex(line.substr(slash + 1), word)) {
    words_.push(word);
  } else {
    doubts_ |= kTimersUnknown;
  }
}

bool KernelRoots::read_lines(int directory, const char* name, AddLine add) noexcept {
  const UniqueFd file(::openat(directory, name, O_RDONLY | O_CLOEXEC));
  if (!file) {
    return false;
  }
  std::size_t kept = 0;
  for (;;) {
    const ssize_t bytes = ::read(file.get(), buffer_ + kept, kBufferBytes - kept);
    if (bytes <= 0 || (limit_ != nullptr && limit_->reached())) {
      return bytes == 0;
    }
    std::string_view text(buffer_, kept + static_cast<std::size_t>(bytes));
    for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
      (this->*add)(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    kept = text.size();
    if (kept == kBufferBytes) {
      return false;
    }
    std::memmove(buffer_, text.data(), kept);
  }
}

void KernelRoots::add_payload(ssize_t read, int waiting) noexcept {
  if (read < waiting || read == static_cast<ssize_t>(kBufferBytes)) {
    doubts_ |= kDescriptorsUnknown;  // There is more.
  }
  const std::size_t before = bytes_.size();
  if (read > 0 && bytes_.resize(before + static_cast<std::size_t>(read))) {
    std::memcpy(bytes_.begin() + before, buffer_, static_cast<std::size_t>(read));
  }
}

void KernelRoots::look_into_pipe(int process, int fd) noexcept {
  const UniqueFd pipe = borrow(process, fd);
  const int flags = pipe ? ::fcntl(pipe.get(), F_GETFL) : -1;
  if (flags < 0) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY) {
    return;  // The reading end is looked into; without one nobody will ever read it.
  }
  int waiting = 0;
  if (::ioctl(pipe.get(), FIONREAD, &waiting) != 0) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  if (waiting == 0) {
    return;
  }
  std::array<int, 2> copy{-1, -1};
  if (::pipe2(copy.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  const UniqueFd out(copy[0]);
  const UniqueFd in(copy[1]);
  ::fcntl(in.get(), F_SETPIPE_SZ, static_cast<int>(kBufferBytes));
  const ssize_t copied = ::tee(pipe.get(), in.get(), kBufferBytes, SPLICE_F_NONBLOCK);
  add_payload(copied > 0 ? ::read(out.get(), buffer_, kBufferBytes) : copied, waiting);
}

void KernelRoots::look_into_stream(int socket) noexcept {
  int waiting = 0;
  // With an offset to peek at, a look moves it.
  if (::ioctl(socket, FIONREAD, &waiting) != 0 ||
      (waiting != 0 && socket_option(socket, SO_PEEK_OFF) >= 0)) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  if (waiting == 0) {
    return;
  }
  iovec space{buffer_, kBufferBytes};
  msghdr message{};
  message.msg_iov = &space;
  message.msg_iovlen = 1;
  add_payload(::recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT), waiting);
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    doubts_ |= kDescriptorsUnknown;  // Descriptors are on their way.
  }
}

void KernelRoots::look_into_socket(int process, int fd) noexcept {
  const UniqueFd socket = borrow(process, fd);
  if (!socket) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  const bool is_stream = socket_option(socket.get(), SO_TYPE) == SOCK_STREAM &&
                         socket_option(socket.get(), SO_ACCEPTCONN) == 0;
  if (is_stream && socket_option(socket.get(), SO_DOMAIN) == AF_UNIX) {
    look_into_stream(socket.get());
  } else if (has_something_waiting(socket.get()) && !hears_only_strangers(socket.get())) {
    doubts_ |= kDescriptorsUnknown;  // Of datagrams only the first could be seen.
  }
}

struct KernelRoots::Process {
  Process(int task_directory_fd, pid_t thread) noexcept
      : tid(thread),
        directory(::openat(task_directory_fd, ProcPath().add(thread).c_str(),
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        listing(directory ? ::openat(directory.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                          : -1),
        pidfd(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))) {}

  /// Where `fd` leads to; empty: it cannot be told.
  [[nodiscard]] std::string_view target(int fd, std::span<char> buffer) const noexcept {
    const ssize_t length = ::readlinkat(directory.get(), ProcPath().add("fd/").add(fd).c_str(),
                                        buffer.data(), buffer.size());
    return {buffer.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
  }

  pid_t tid;
  UniqueFd directory;
  UniqueFd listing;
  UniqueFd pidfd;
};

template <class Visit>
void KernelRoots::visit_descriptors(const Process& process, Visit&& visit) noexcept {
  if (!process.listing || listing_ == nullptr || buffer_ == nullptr) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  long bytes = 0;
  while ((bytes = ::syscall(SYS_getdents64, process.listing.get(), listing_, kListingBytes)) > 0) {
    for (long at = 0; at < bytes;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(listing_ + at);
      at += entry->d_reclen;
      int fd = -1;
      const char* const name = entry->d_name;
      if (std::from_chars(name, name + std::strlen(name), fd).ec != std::errc()) {
        continue;
      }
      if (limit_ != nullptr && limit_->reached()) {
        doubts_ |= kDescriptorsUnknown;
        return;
      }
      // Ours are among them only where the agent shares the program's table.
      visit(fd);
    }
  }
  if (bytes < 0) {
    doubts_ |= kDescriptorsUnknown;
  }
}

bool KernelRoots::is_harmless(int fd, std::uint64_t target) const noexcept {
  const Harmless* const found =
      std::lower_bound(harmless_.begin(), harmless_.end(), fd,
                       [](const Harmless& known, int number) { return known.fd < number; });
  return found != harmless_.end() && found->fd == fd && found->target == target;
}

void KernelRoots::prepare_descriptor(const Process& process, int fd) noexcept {
  std::array<char, kTargetBytes> space{};
  const std::string_view target = process.target(fd, space);
  const DescriptorKind kind = descriptor_kind(process.directory.get(), process.tid, fd, target);
  bool is_harmless = kind == DescriptorKind::kHarmless;
  if (kind == DescriptorKind::kSocket) {
    const UniqueFd socket = borrow(process.pidfd.get(), fd);
    is_harmless = socket && hears_only_strangers(socket.get());
  }
  has_direct_io_ = has_direct_io_ || kind == DescriptorKind::kDirectIo ||
                   kind == DescriptorKind::kAsynchronousIo;
  if (is_harmless && !target.empty() && target.size() < space.size()) {
    harmless_.push({fd, hash_of(target)});
  }
}

void KernelRoots::look_at_descriptor(const Process& process, int fd) noexcept {
  std::array<char, kTargetBytes> space{};
  const std::string_view target = process.target(fd, space);
  if (is_harmless(fd, hash_of(target))) {
    return;
  }
  switch (descriptor_kind(process.directory.get(), process.tid, fd, target)) {
    case DescriptorKind::kHarmless:
      break;
    case DescriptorKind::kEpoll:
      if (!read_lines(process.directory.get(), ProcPath().add("fdinfo/").add(fd).c_str(),
                      &KernelRoots::add_epoll_line)) {
        doubts_ |= kDescriptorsUnknown;
      }
      break;
    case DescriptorKind::kPipe:
      look_into_pipe(process.pidfd.get(), fd);
      break;
    case DescriptorKind::kSocket:
      look_into_socket(process.pidfd.get(), fd);
      break;
    case DescriptorKind::kAsynchronousIo:
      doubts_ |= kAsynchronousIoUsed;
      has_direct_io_ = true;
      break;
    case DescriptorKind::kDirectIo:
      has_direct_io_ = true;
      break;
    case DescriptorKind::kUnknown:
      doubts_ |= kDescriptorsUnknown;
      break;
  }
}

void KernelRoots::look_at_timers(int directory) noexcept {
  // Of the process; a thread's directory has none.
  if (!read_lines(directory, "../../timers", &KernelRoots::add_timer_line)) {
    doubts_ |= kTimersUnknown;
  }
}

void KernelRoots::look_at_signals(int task_directory_fd, pid_t tid) noexcept {
  const UniqueFd file(::openat(task_directory_fd, ProcPath().add(tid).add("/status").c_str(),
                               O_RDONLY | O_CLOEXEC));
  const ssize_t bytes = file ? ::read(file.get(), buffer_, kBufferBytes) : -1;
  const std::string_view text(buffer_, bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  for (const std::string_view key :
       {std::string_view("\nSigPnd:"), std::string_view("\nShdPnd:")}) {
    const std::size_t at = text.find(key);
    std::uint64_t pending = 0;
    // sigqueue(3) gives a word to any signal, and sigwaitinfo(2) returns it.
    if (at == std::string_view::npos || !parse_hex(after(text.substr(at), key), pending) ||
        pending != 0) {
      doubts_ |= kSignalsPending;
    }
  }
}

void KernelRoots::look_at_threads(int task_directory_fd, pid_t tid,
                                  std::span<const ParkSlot* const> threads) noexcept {
  look_at_signals(task_directory_fd, tid);
  for (const ParkSlot* const thread : threads) {
    if (limit_->reached()) {
      doubts_ |= kSignalsPending;
      return;
    }
    if (thread->tid == tid) {
      continue;
    }
    look_at_signals(task_directory_fd, thread->tid);
    // Where the call is forbidden, that cannot be told; such threads are rare.
    if (::syscall(SYS_kcmp, tid, thread->tid, kCompareDescriptors, 0, 0) > 0) {
      doubts_ |= kDescriptorsUnknown;
    }
  }
}

void KernelRoots::prepare(int task_directory_fd, pid_t tid) noexcept {
  const Process process(task_directory_fd, tid);
  visit_descriptors(process, [&](int fd) { prepare_descriptor(process, fd); });
  std::sort(harmless_.begin(), harmless_.end(),
            [](const Harmless& a, const Harmless& b) { return a.fd < b.fd; });
  doubts_ = 0;  // What could not be looked at is looked at later.
}

void KernelRoots::collect(int task_directory_fd, pid_t tid,
                          std::span<const ParkSlot* const> threads,
                          const LookLimit& limit) noexcept {
  words_.clear();
  bytes_.clear();
  doubts_ = 0;
  limit_ = &limit;
  const Process process(task_directory_fd, tid);
  visit_descriptors(process, [&](int fd) { look_at_descriptor(process, fd); });
  look_at_timers(process.directory.get());
  look_at_threads(task_directory_fd, tid, threads);
  limit_ = nullptr;
}

std::size_t count_descriptors(int task_directory_fd, pid_t tid) noexcept {
  const UniqueFd listing(::openat(task_directory_fd, ProcPath().add(tid).add("/fd").c_str(),
                                  O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::array<char, 4096> buffer{};
  std::size_t count = 0;
  long bytes = 0;
  while (listing &&
         (bytes = ::syscall(SYS_getdents64, listing.get(), buffer.data(), buffer.size())) > 0) {
    for (long at = 0; at < bytes; ++count) {
      at += reinterpret_cast<const dirent64*>(buffer.data() + at)->d_reclen;
    }
  }
  return count;
}

}  // namespace xgops::proof
