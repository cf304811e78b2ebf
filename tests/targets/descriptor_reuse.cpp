// SPDX-License-Identifier: MIT
// Closes every descriptor that it does not know, as careful programs do, then opens its own at the
// same numbers: a socket on which it greets each client.
#include "io_support.hpp"

#include <sys/resource.h>

namespace {

void close_unknown_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  for (int fd = 3; fd < static_cast<int>(limit.rlim_cur); ++fd) {
    ::close(fd);
  }
}

/// Connects to `listener` and says whether the program's own greeting came.
bool is_greeted(const target::TcpListener& listener) {
  const int fd = target::connect_tcp(listener);
  char greeting[8] = "";
  const ssize_t count = ::recv(fd, greeting, sizeof greeting, MSG_WAITALL);
  ::close(fd);
  return count == sizeof greeting && std::memcmp(greeting, "greeting", sizeof greeting) == 0;
}

}  // namespace

int main() {
  close_unknown_descriptors();
  const target::TcpListener listener = target::listen_tcp();
  target::Scene scene;
  scene.add("greeter", {.reason = "accept", .system_call = SYS_accept},
            [&listener](target::Actor& actor) {
              actor.about_to_block();
              for (;;) {
                const int client = ::accept(listener.fd, nullptr, nullptr);
                (void)!::write(client, "greeting", 8);
                ::close(client);
              }
            });
  scene.announce();
  // Every line has 100 clients greeted and asks how many were not.
  target::Scene::serve([&listener](const std::string&) {
    int strangers = 0;
    for (int i = 0; i < 100; ++i) {
      strangers += is_greeted(listener) ? 0 : 1;
    }
    return std::to_string(strangers);
  });
}
