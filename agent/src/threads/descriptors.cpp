// SPDX-License-Identifier: MIT
#include "threads/descriptors.hpp"

#include "support/unique_fd.hpp"

#include <array>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

using support::UniqueFd;

std::string protocol_name(int domain, int type) {
  if (domain == AF_UNIX) {
    return "unix";
  }
  if (domain == AF_INET || domain == AF_INET6) {
    return type == SOCK_STREAM ? "tcp" : type == SOCK_DGRAM ? "udp" : "raw";
  }
  return domain == AF_NETLINK ? "netlink" : "family " + std::to_string(domain);
}

int socket_option(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof(value);
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : 0;
}

std::int64_t timeout_option(int fd, int option) {
  timeval time{};
  socklen_t length = sizeof(time);
  return ::getsockopt(fd, SOL_SOCKET, option, &time, &length) == 0
             ? std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_usec} * 1000
             : 0;
}

std::string describe_socket(int fd) {
  const int domain = socket_option(fd, SO_DOMAIN);
  std::string text = protocol_name(domain, socket_option(fd, SO_TYPE));
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  std::string local;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    local = format_address(address, length);
  }
  text += ' ' + local;
  if (socket_option(fd, SO_ACCEPTCONN) != 0) {
    return text + " (listening)";
  }
  address = {};
  length = sizeof(address);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    text += " -> " + format_address(address, length);
    ucred peer{};
    socklen_t peer_length = sizeof(peer);
    if (domain == AF_UNIX && ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_length) == 0 &&
        peer.pid > 0) {
      text += " (process " + std::to_string(peer.pid) + ')';
    }
  }
  return text;
}

/// Whether `fd` of our own table is the socket to which the link of a thread's descriptor leads.
bool is_same_socket(int fd, const std::string& link) {
  struct stat status {};
  // Past ThreadSanitizer, which takes a look at a descriptor for its use: the host may close it
  // now.
  return ::syscall(SYS_fstat, fd, &status) == 0 &&
         link == "socket:[" + std::to_string(status.st_ino) + ']';
}

/// A copy of a thread's descriptor in our own table, for as long as it takes to ask for the
/// addresses.
UniqueFd borrow(pid_t tid, int fd, const std::string& link) {
  // A filter that kills takes pidfd_getfd for a debugger's (systemd has it in @debug, outside of
  // @system-service). Whoever asks can find the socket in the tables below /proc/PID/net.
  if (::prctl(PR_GET_SECCOMP) != 0) {
    return {};
  }
  constexpr unsigned kOfThread = O_EXCL;  // PIDFD_THREAD, Linux 6.9
  const auto borrow_from = [&](pid_t id, unsigned flags) {
    const UniqueFd who(static_cast<int>(::syscall(SYS_pidfd_open, id, flags)));
    UniqueFd copy(who ? static_cast<int>(::syscall(SYS_pidfd_getfd, who.get(), fd, 0)) : who.get());
    return copy && is_same_socket(copy.get(), link) ? std::move(copy) : UniqueFd();
  };
  UniqueFd copy = borrow_from(tid, kOfThread);
  // Before, a process could be asked only: the main thread's table, which may be another one, or
  // none when that thread has ended.
  return copy ? std::move(copy) : borrow_from(::getpid(), 0);
}

bool begins_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (text.starts_with(prefix)) {
      return true;
    }
  }
  return false;
}

/// "eventfd" for "anon_inode:[eventfd]" and "inotify" for "anon_inode:inotify".
std::string anonymous_name(std::string_view link) {
  link.remove_prefix(link.find(':') + 1);
  if (link.starts_with('[') && link.ends_with(']')) {
    link = link.substr(1, link.size() - 2);
  }
  return std::string(link);
}

}  // namespace

std::string format_address(const sockaddr_storage& storage, socklen_t length) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof(address));
    ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ':' + std::to_string(ntohs(address.sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &storage, sizeof(address));
    ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
    return '[' + std::string(text.data()) + "]:" + std::to_string(ntohs(address.sin6_port));
  }
  if (storage.ss_family == AF_UNIX) {
    sockaddr_un address{};
    std::memcpy(&address, &storage, sizeof(address));
    const std::size_t bytes =
        length > offsetof(sockaddr_un, sun_path) ? length - offsetof(sockaddr_un, sun_path) : 0;
    if (bytes == 0) {
      return "unnamed";
    }
    if (address.sun_path[0] == '\0') {
      return '@' + std::string(address.sun_path + 1, bytes - 1);
    }
    return std::string(address.sun_path, ::strnlen(address.sun_path, bytes));
  }
  return {};
}

DescriptorInfo describe_descriptor(const TaskFiles& files, pid_t tid, int fd, bool shared_table) {
  DescriptorInfo info;
  if (fd < 0) {
    return info;
  }
  info.text = files.read_link(tid, "fd/" + std::to_string(fd));
  if (info.text.empty()) {
    return info;
  }
  if (info.text.starts_with("socket:")) {
    info.kind = DescriptorKind::kSocket;
    // A thread may have left the table that we share with others (unshare, clone).
    const bool same = shared_table && is_same_socket(fd, info.text);
    const UniqueFd borrowed = same ? UniqueFd() : borrow(tid, fd, info.text);
    const int socket = same ? fd : borrowed.get();
    if (socket >= 0) {
      info.text = describe_socket(socket);
      info.receive_timeout_ns = timeout_option(socket, SO_RCVTIMEO);
      info.send_timeout_ns = timeout_option(socket, SO_SNDTIMEO);
    }
  } else if (info.text.starts_with("pipe:")) {
    info.kind = DescriptorKind::kPipe;
  } else if (begins_with_any(info.text, {"/dev/pts/", "/dev/tty", "/dev/console", "/dev/ptmx"})) {
    info.kind = DescriptorKind::kTerminal;
  } else if (info.text.starts_with("anon_inode:")) {
    // What lives in the kernel only and can be read from tells of events.
    info.kind = DescriptorKind::kEvent;
    info.text = anonymous_name(info.text);
  } else {
    const bool named_pipe = files.file_type(tid, "fd/" + std::to_string(fd)) == S_IFIFO;
    info.kind = named_pipe ? DescriptorKind::kPipe : DescriptorKind::kFile;
  }
  return info;
}

}  // namespace xgops::threads
