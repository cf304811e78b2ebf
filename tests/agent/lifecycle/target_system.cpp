// SPDX-License-Identifier: MIT
// The target's commands that change what the process may do and what it has open.
#include "target.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

namespace target {
namespace {

std::string result_of(int result) {
  return result == 0 ? "ok" : std::strerror(errno);
}

/// Descriptors that this program sees as its own.
std::string list_descriptors(const std::string& /*argument*/) {
  std::string numbers;
  DIR* const stream = ::opendir("/proc/self/fd");
  while (const dirent* const entry = ::readdir(stream)) {
    if (entry->d_name[0] != '.' && std::atoi(entry->d_name) != ::dirfd(stream)) {
      numbers += std::string(entry->d_name) + " ";
    }
  }
  ::closedir(stream);
  return numbers;
}

std::vector<int> g_sockets;

/// Closes all but the standard streams, then takes the numbers again: with listening sockets, and
/// far up too, where an agent without a table of its own keeps its descriptors.
std::string reuse_descriptors(const std::string& /*argument*/) {
  for (int fd = 3; fd < 20'000; ++fd) {
    ::close(fd);
  }
  std::string numbers;
  for (int i = 0; i < 30; ++i) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};  // Without a name: the kernel chooses one.
    address.sun_family = AF_UNIX;
    ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address.sun_family);
    ::listen(fd, 5);
    g_sockets.push_back(fd);
    numbers += std::to_string(fd) + " ";
  }
  for (int fd = 1000; fd < 20'000; ++fd) {
    ::dup2(g_sockets.front(), fd);
  }
  return numbers;
}

/// How many of the sockets that `reuse_descriptors` opened are still there.
std::string count_own_descriptors(const std::string& /*argument*/) {
  int own = 0;
  for (const int fd : g_sockets) {
    int is_listening = 0;
    socklen_t size = sizeof is_listening;
    own +=
        ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 ? is_listening : 0;
  }
  return std::to_string(own);
}

std::string change_root(const std::string& path) {
  const bool changed = ::chroot(path.c_str()) == 0 && ::chdir("/") == 0;
  return result_of(changed ? 0 : -1);
}

std::string change_directory(const std::string& path) {
  return result_of(::chdir(path.c_str()));
}

std::string change_user(const std::string& user) {
  const auto id = static_cast<uid_t>(std::strtoul(user.c_str(), nullptr, 10));
  const bool changed = ::setgroups(0, nullptr) == 0 && ::setgid(id) == 0 && ::setuid(id) == 0;
  return result_of(changed ? 0 : -1);
}

std::string deny_in_all_threads(const std::string& calls) {
  std::istringstream words(calls);
  std::vector<std::string> names;
  for (std::string name; words >> name;) {
    names.push_back(name);
  }
  deny(names, true);
  return "denied";
}

/// Memory that is locked now and from now on, as realtime programs have it.
std::string lock_memory(const std::string& /*argument*/) {
  return result_of(::mlockall(MCL_CURRENT | MCL_FUTURE));
}

constexpr Command kCommands[] = {
    {"descriptors", list_descriptors},
    {"reuse-descriptors", reuse_descriptors},
    {"own-descriptors", count_own_descriptors},
    {"chroot", change_root},
    {"chdir", change_directory},
    {"setuid", change_user},
    {"deny-all", deny_in_all_threads},
    {"mlock", lock_memory},
};

const std::map<std::string, int>& system_calls() {
  static const std::map<std::string, int> kNumbers{
      {"accept4", SYS_accept4},
      {"bind", SYS_bind},
      {"clone3", SYS_clone3},
      {"clone", SYS_clone},
      {"close_range", SYS_close_range},
      {"connect", SYS_connect},
      {"epoll_create1", SYS_epoll_create1},
      {"epoll_wait", SYS_epoll_wait},
      {"eventfd2", SYS_eventfd2},
      {"listen", SYS_listen},
      {"openat", SYS_openat},
      {"poll", SYS_poll},
      {"socket", SYS_socket},
      {"timerfd_create", SYS_timerfd_create},
      {"unlink", SYS_unlink},
      {"unlinkat", SYS_unlinkat},
      {"unshare", SYS_unshare},
  };
  return kNumbers;
}

}  // namespace

constinit const std::span<const Command> kSystemCommands = kCommands;

void deny(const std::vector<std::string>& calls, bool in_all_threads) {
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const std::string& call : calls) {
    const int number = system_calls().at(call);
    program.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                in_all_threads ? SECCOMP_FILTER_FLAG_TSYNC : 0, &filter) != 0) {
    std::abort();
  }
}

}  // namespace target
