// SPDX-License-Identifier: MIT
// What a file descriptor of the host is: a path, a pipe, a socket and its peer.
#pragma once

#include "threads/task_files.hpp"

#include <cstdint>
#include <string>

#include <sys/socket.h>
#include <sys/types.h>

namespace xgops::threads {

enum class DescriptorKind : std::uint8_t {
  kUnknown = 0,
  kFile,
  kPipe,
  kSocket,
  kTerminal,
  kEvent,  ///< eventfd, timerfd, signalfd, inotify, userfaultfd and others without a path.
};

struct DescriptorInfo {
  DescriptorKind kind = DescriptorKind::kUnknown;
  std::string
      text;  ///< "tcp 127.0.0.1:80 -> 127.0.0.1:51004", "pipe:[4711]", "/var/log/x", "eventfd".
  // Of a socket: after how long its calls give up (SO_RCVTIMEO, SO_SNDTIMEO); 0: never.
  std::int64_t receive_timeout_ns = 0;
  std::int64_t send_timeout_ns = 0;
};

/// An address of a socket, as bind and connect take it: "127.0.0.1:80", "/run/x.sock"; empty where
/// the family is not known.
[[nodiscard]] std::string format_address(const sockaddr_storage& storage, socklen_t length);

/// Describes descriptor `fd` of thread `tid`. For sockets it borrows the descriptor for a moment
/// (pidfd_getfd) unless `shared_table`, where the number means the same to us. Without PIDFD_THREAD
/// (Linux 6.9) a socket that the main thread does not have stays "socket:[4711]".
/// Cost: 5 us, for sockets 15 us.
[[nodiscard]] DescriptorInfo describe_descriptor(const TaskFiles& files, pid_t tid, int fd,
                                                 bool shared_table);

}  // namespace xgops::threads
