// SPDX-License-Identifier: MIT
#include "proof/kernel_roots.hpp"

#include "proof/doubt.hpp"
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
#include <unistd.h>

namespace xgops::proof {
namespace {

using support::UniqueFd;

constexpr std::size_t kListingBytes = std::size_t{64} << 10;
constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::size_t kPathBytes = 64;

/// "123/fd/4".
class Path {
 public:
  Path& add(std::string_view text) noexcept {
    const std::size_t length = std::min(text.size(), text_.size() - 1 - length_);
    std::memcpy(text_.data() + length_, text.data(), length);
    length_ += length;
    text_[length_] = '\0';
    return *this;
  }
  Path& add(int number) noexcept {
    std::array<char, 16> digits{};
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }

 private:
  std::array<char, kPathBytes> text_{};
  std::size_t length_ = 0;
};

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

int option(int socket, int name) noexcept {
  int value = -1;
  socklen_t bytes = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &bytes) == 0 ? value : -1;
}

}  // namespace

KernelRoots::KernelRoots(Scratch& scratch) noexcept
    : words_(scratch),
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
    if (bytes <= 0) {
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

void KernelRoots::add_payload(std::size_t bytes) noexcept {
  for (std::size_t at = 0; at + 8 <= bytes; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, buffer_ + at, sizeof word);
    words_.push(word);
  }
  if (bytes == kBufferBytes) {
    doubts_ |= kDescriptorsUnknown;  // There may be more.
  }
}

void KernelRoots::look_into_pipe(int process, int fd) noexcept {
  const UniqueFd pipe = borrow(process, fd);
  int waiting = 0;
  if (!pipe || ::ioctl(pipe.get(), FIONREAD, &waiting) != 0) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  const bool can_read = (::fcntl(pipe.get(), F_GETFL) & O_ACCMODE) != O_WRONLY;
  if (waiting < 8 || !can_read) {
    return;  // The reading end is looked into; without one nobody will ever read it.
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
  const ssize_t read = copied > 0 ? ::read(out.get(), buffer_, kBufferBytes) : copied;
  if (read < waiting) {
    doubts_ |= kDescriptorsUnknown;
  }
  add_payload(read > 0 ? static_cast<std::size_t>(read) : 0);
}

void KernelRoots::look_into_socket(int process, int fd) noexcept {
  const UniqueFd socket = borrow(process, fd);
  if (!socket) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  if (option(socket.get(), SO_DOMAIN) != AF_UNIX || option(socket.get(), SO_ACCEPTCONN) == 1) {
    return;
  }
  int waiting = 0;
  if (::ioctl(socket.get(), FIONREAD, &waiting) != 0) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  if (waiting < 8) {
    return;
  }
  // Of datagrams only the first can be seen; with an offset to peek at, a look moves it.
  if (option(socket.get(), SO_TYPE) != SOCK_STREAM || option(socket.get(), SO_PEEK_OFF) >= 0) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  const ssize_t read = ::recv(socket.get(), buffer_, kBufferBytes, MSG_PEEK | MSG_DONTWAIT);
  if (read < waiting) {
    doubts_ |= kDescriptorsUnknown;
  }
  add_payload(read > 0 ? static_cast<std::size_t>(read) : 0);
}

void KernelRoots::look_at_descriptor(int directory, int process, int fd) noexcept {
  std::array<char, kPathBytes> target{};
  const ssize_t length =
      ::readlinkat(directory, Path().add("fd/").add(fd).c_str(), target.data(), target.size());
  if (length <= 0) {
    doubts_ |= kDescriptorsUnknown;
    return;
  }
  const std::string_view text(target.data(), static_cast<std::size_t>(length));
  if (text.starts_with("anon_inode:[eventpoll]")) {
    if (!read_lines(directory, Path().add("fdinfo/").add(fd).c_str(),
                    &KernelRoots::add_epoll_line)) {
      doubts_ |= kDescriptorsUnknown;
    }
  } else if (text.starts_with("pipe:[")) {
    look_into_pipe(process, fd);
  } else if (text.starts_with("socket:[")) {
    look_into_socket(process, fd);
  } else if (text.starts_with("anon_inode:[io_uring]")) {
    doubts_ |= kAsynchronousIoUsed;
  }
}

void KernelRoots::look_at_timers(int directory) noexcept {
  // Of the process; a thread's directory has none.
  if (!read_lines(directory, "../../timers", &KernelRoots::add_timer_line)) {
    doubts_ |= kTimersUnknown;
  }
}

void KernelRoots::look_at_signals(int directory) noexcept {
  const UniqueFd file(::openat(directory, "status", O_RDONLY | O_CLOEXEC));
  const ssize_t bytes = file ? ::read(file.get(), buffer_, kBufferBytes) : -1;
  const std::string_view text(buffer_, bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  for (const std::string_view key :
       {std::string_view("\nSigPnd:"), std::string_view("\nShdPnd:")}) {
    const std::size_t at = text.find(key);
    std::uint64_t pending = 0;
    if (at == std::string_view::npos || !parse_hex(after(text.substr(at), key), pending) ||
        (pending >> 33) != 0) {  // From signal 34 on.
      doubts_ |= kSignalsPending;
    }
  }
}

void KernelRoots::collect(int task_directory_fd, pid_t tid) noexcept {
  const UniqueFd directory(
      ::openat(task_directory_fd, Path().add(tid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd listing(
      directory ? ::openat(directory.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!listing || listing_ == nullptr || buffer_ == nullptr) {
    doubts_ |= kDescriptorsUnknown | kTimersUnknown;
    return;
  }
  long bytes = 0;
  while ((bytes = ::syscall(SYS_getdents64, listing.get(), listing_, kListingBytes)) > 0) {
    for (long at = 0; at < bytes;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(listing_ + at);
      at += entry->d_reclen;
      int fd = -1;
      const char* const name = entry->d_name;
      if (std::from_chars(name, name + std::strlen(name), fd).ec == std::errc() &&
          fd != listing.get() && fd != directory.get() && fd != process.get()) {
        look_at_descriptor(directory.get(), process.get(), fd);
      }
    }
  }
  if (bytes < 0) {
    doubts_ |= kDescriptorsUnknown;
  }
  look_at_timers(directory.get());
  look_at_signals(directory.get());
}

}  // namespace xgops::proof
