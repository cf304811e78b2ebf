// SPDX-License-Identifier: MIT
// Stands before the C library's bind and listen: a program that insists on port 55555 gets a free
// one, and says `ready` when it listens.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {

constexpr std::uint16_t kFixedPort = 55555;

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
  sockaddr_in changed{};
  if (address->sa_family == AF_INET && size >= sizeof changed) {
    std::memcpy(&changed, address, sizeof changed);
    if (changed.sin_port == htons(kFixedPort)) {
      changed.sin_port = 0;
      changed.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return next<int(int, const sockaddr*, socklen_t)>("bind")(
          fd, reinterpret_cast<const sockaddr*>(&changed), sizeof changed);
    }
  }
  return next<int(int, const sockaddr*, socklen_t)>("bind")(fd, address, size);
}

extern "C" int listen(int fd, int backlog) noexcept {
  const int result = next<int(int, int)>("listen")(fd, backlog);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (result == 0 && ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    std::printf("{\"port\":%d}\nready\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }
  return result;
}
