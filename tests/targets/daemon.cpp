// SPDX-License-Identifier: MIT
// Becomes a daemon as the books say: forks twice, leaves its session, directory and descriptors.
#include "io_support.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace {

[[gnu::noinline]] void run_daemon(int end_of_parent) {
  char byte = 0;
  (void)!::read(end_of_parent, &byte, sizeof byte);
  ::_exit(0);
}

/// Every descriptor but `kept`.
void close_all_but(int kept) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  for (int fd = 0; fd < static_cast<int>(limit.rlim_cur); ++fd) {
    if (fd != kept) {
      ::close(fd);
    }
  }
}

[[noreturn]] void become_daemon(const target::Ends& alive, const target::Ends& report) {
  ::setsid();
  const pid_t pid = target::check(::fork(), "second fork");
  if (pid != 0) {
    ::_exit(0);
  }
  const pid_t own = ::getpid();
  (void)!::write(report.second, &own, sizeof own);
  ::umask(0);
  (void)!::chdir("/");
  close_all_but(alive.first);
  run_daemon(alive.first);
  ::_exit(0);
}

}  // namespace

// The first process stays, to be talked to and to end the daemon.
int main() {
  const target::Ends alive = target::make_pipe();
  const target::Ends report = target::make_pipe();
  const pid_t child = target::check(::fork(), "fork");
  if (child == 0) {
    ::close(alive.second);
    become_daemon(alive, report);
  }
  ::waitpid(child, nullptr, 0);
  pid_t daemon = 0;
  (void)!::read(report.first, &daemon, sizeof daemon);
  std::printf("{\"name\":\"daemon\",\"tid\":%d}\n", daemon);
  target::Scene scene;
  scene.announce();
  target::Scene::serve();
}
