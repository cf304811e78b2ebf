// SPDX-License-Identifier: MIT
// Binding the agent's socket.
#include "server/listening_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace xgops::server {
namespace {

constexpr int kBacklog = 64;

support::UniqueFd new_socket() noexcept {
  return support::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

sockaddr_un address_of(const std::string& path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

/// 0 or errno.
template <class Call>
int with_address(Call call, int fd, const std::string& path) noexcept {
  const sockaddr_un address = address_of(path);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  return call(fd, generic, static_cast<socklen_t>(sizeof address)) == 0 ? 0 : errno;
}

/// Whether a living process listens at `path`.
bool somebody_listens(const std::string& path) noexcept {
  const support::UniqueFd probe = new_socket();
  const int failure = with_address(::connect, probe.get(), path);
  return failure == 0 || failure == EAGAIN;  // EAGAIN: its queue is full.
}

}  // namespace

ListeningSocket::ListeningSocket(OpenSocketDirectory directory, std::string name,
                                 support::FdTable table)
    : directory_(std::move(directory.fd), table),
      fd_(new_socket(), table),
      name_(std::move(name)),
      path_(directory.path + "/" + name_) {}

Result<ListeningSocket> ListeningSocket::open(OpenSocketDirectory directory, std::string name,
                                              support::FdTable table) {
  ListeningSocket socket(std::move(directory), std::move(name), table);
  if (!socket.fd_) {
    return system_error(errno, "socket");
  }
  auto bound = socket.bind();
  if (!bound) {
    return std::move(bound).error();
  }
  if (::listen(socket.fd(), kBacklog) != 0) {
    return system_error(errno, socket.path_);
  }
  return socket;
}

Result<void> ListeningSocket::bind() {
  // The new file gets the mode of the socket: nobody else can connect, not even for a moment, and
  // the process's umask, which is not ours to change, can only take more away.
  ::fchmod(fd(), 0600);
  int failure = with_address(::bind, fd(), path_);
  if (failure == EADDRINUSE && !somebody_listens(path_)) {
    ::unlinkat(directory_.get(), name_.c_str(), 0);
    failure = with_address(::bind, fd(), path_);
  }
  if (failure != 0) {
    return system_error(failure, path_,
                        failure == EADDRINUSE ? "another agent serves this process already" : "");
  }
  // By the path, which may lead elsewhere by now: only a file in the directory that was checked
  // counts. (Through /proc/thread-self/fd there would be no doubt; but a thread with entries of its
  // own below /proc makes the end of a process wait for it: 20 ms on a busy machine, measured.)
  file_ = support::FileIdentity::of(directory_.get(), name_.c_str());
  if (file_ == support::FileIdentity{}) {
    return system_error(EACCES, path_, "somebody replaced the directory of the socket");
  }
  return {};
}

ListeningSocket::~ListeningSocket() {
  remove_file();
}

void ListeningSocket::remove_file() noexcept {
  const support::FileIdentity file = std::exchange(file_, {});
  if (file != support::FileIdentity{} && directory_.still_ours() &&
      support::FileIdentity::of(directory_.get(), name_.c_str()) == file) {
    ::unlinkat(directory_.get(), name_.c_str(), 0);
  }
}

}  // namespace xgops::server
