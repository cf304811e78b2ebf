// SPDX-License-Identifier: MIT
#include "proof/descriptor_kind.hpp"

#include "proof/proc_path.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

constexpr std::string_view kAnonymous = "anon_inode:";
// Not in every libc's headers; the value is ABI.
constexpr long kMessageQueueFiles = 0x19800202;

DescriptorKind kind_of_anonymous_inode(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 12> kKeepNothing{
      "[eventfd]", "[timerfd]",    "[signalfd]", "inotify",  "[fanotify]",  "[pidfd]",
      "[pidfd:",   "[perf_event]", "bpf-prog",   "bpf_link", "[fscontext]", "[landlock-ruleset]"};
  if (name == "[eventpoll]") {
    return DescriptorKind::kEpoll;
  }
  if (name == "[io_uring]") {
    return DescriptorKind::kAsynchronousIo;
  }
  const bool is_known =
      std::any_of(kKeepNothing.begin(), kKeepNothing.end(),
                  [name](std::string_view known) { return name.starts_with(known); });
  return is_known ? DescriptorKind::kHarmless : DescriptorKind::kUnknown;
}

/// Memory, terminals and the null device; not the master of a terminal, in which lines may wait.
bool keeps_nothing(dev_t device) noexcept {
  const unsigned number = major(device);
  return number == 1 || number == 4 || (number == 5 && minor(device) != 2) ||
         (number >= 136 && number <= 143);
}

/// As open(2) and fcntl(2) have them; all bits where they cannot be read.
unsigned flags_of(int directory, int fd) noexcept {
  const support::UniqueFd file(
      ::openat(directory, ProcPath().add("fdinfo/").add(fd).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 128> buffer{};
  const ssize_t bytes = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  std::string_view text(buffer.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  constexpr std::string_view kKey = "flags:\t";
  const std::size_t at = text.find(kKey);
  unsigned flags = ~0U;
  if (at != std::string_view::npos) {
    text.remove_prefix(at + kKey.size());
    std::from_chars(text.data(), text.data() + text.size(), flags, 8);
  }
  return flags;
}

bool is_message_queue(pid_t tid, int fd, dev_t device) noexcept {
  struct statfs files {};
  return major(device) == 0 &&
         ::statfs(ProcPath().add("/proc/self/task/").add(tid).add("/fd/").add(fd).c_str(),
                  &files) == 0 &&
         files.f_type == kMessageQueueFiles;
}

bool is_loopback(const sockaddr_storage& address) noexcept {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(&address);
  if (address.ss_family == AF_INET) {
    return bytes[offsetof(sockaddr_in, sin_addr)] == 127;
  }
  const unsigned char* const ip = bytes + offsetof(sockaddr_in6, sin6_addr);
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(ip, in6addr_loopback.s6_addr, 16) == 0 ||
         (std::memcmp(ip, kMapped.data(), kMapped.size()) == 0 && ip[12] == 127);
}

bool are_equal(const sockaddr_storage& a, const sockaddr_storage& b) noexcept {
  const bool is_short = a.ss_family == AF_INET;
  const std::size_t at =
      is_short ? offsetof(sockaddr_in, sin_addr) : offsetof(sockaddr_in6, sin6_addr);
  return std::memcmp(reinterpret_cast<const char*>(&a) + at, reinterpret_cast<const char*>(&b) + at,
                     is_short ? 4 : 16) == 0;
}

}  // namespace

DescriptorKind descriptor_kind(int directory, pid_t tid, int fd, std::string_view target) noexcept {
  if (target.starts_with(kAnonymous)) {
    return kind_of_anonymous_inode(target.substr(kAnonymous.size()));
  }
  struct stat facts {};
  if (::fstatat(directory, ProcPath().add("fd/").add(fd).c_str(), &facts, 0) != 0) {
    return DescriptorKind::kUnknown;
  }
  switch (facts.st_mode & S_IFMT) {
    case S_IFSOCK:
      return DescriptorKind::kSocket;
    case S_IFIFO:
      return DescriptorKind::kPipe;
    case S_IFDIR:
    case S_IFLNK:
      return DescriptorKind::kHarmless;
    case S_IFCHR:
      return keeps_nothing(facts.st_rdev) ? DescriptorKind::kHarmless : DescriptorKind::kUnknown;
    case S_IFREG:
      if (is_message_queue(tid, fd, facts.st_dev)) {
        return DescriptorKind::kUnknown;
      }
      [[fallthrough]];
    case S_IFBLK:
      return (flags_of(directory, fd) & O_DIRECT) != 0 ? DescriptorKind::kDirectIo
                                                       : DescriptorKind::kHarmless;
    default:  // pidfd: of later kernels has no type.
      return target.starts_with("pidfd:") ? DescriptorKind::kHarmless : DescriptorKind::kUnknown;
  }
}

int socket_option(int socket, int name) noexcept {
  int value = -1;
  socklen_t bytes = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &bytes) == 0 ? value : -1;
}

bool has_something_waiting(int socket) noexcept {
  pollfd state{socket, POLLIN | POLLRDHUP, 0};
  int waiting = 0;
  return ::poll(&state, 1, 0) < 0 || (state.revents & (POLLIN | POLLRDHUP)) == POLLIN ||
         (::ioctl(socket, FIONREAD, &waiting) == 0 && waiting != 0);
}

bool hears_only_strangers(int socket) noexcept {
  const int domain = socket_option(socket, SO_DOMAIN);
  if (domain == AF_NETLINK) {
    return true;
  }
  if ((domain != AF_INET && domain != AF_INET6) || socket_option(socket, SO_ACCEPTCONN) == 1) {
    return false;
  }
  sockaddr_storage peer{};
  sockaddr_storage own{};
  socklen_t bytes = sizeof peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &bytes) != 0) {
    return errno == ENOTCONN && socket_option(socket, SO_TYPE) == SOCK_STREAM &&
           !has_something_waiting(socket);
  }
  bytes = sizeof own;
  return ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &bytes) == 0 &&
         !is_loopback(peer) && !are_equal(peer, own);
}

}  // namespace xgops::proof
