// SPDX-License-Identifier: MIT
// Sleeping threads that a signal cannot reach, or that would take ours for their own.
#include "io_support.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

namespace {

using target::Actor;
using target::Scene;

std::atomic<int> g_signals_eaten{0};

sigset_t all_signals() {
  sigset_t all;
  ::sigfillset(&all);
  return all;
}

void block_all_signals() {
  const sigset_t all = all_signals();
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

[[gnu::noinline]] void sleep_deaf() {
  const timespec two_hours{7200, 0};
  ::nanosleep(&two_hours, nullptr);
  target::keep_frame();
}

[[gnu::noinline]] void wait_for_all_signals() {
  const sigset_t all = all_signals();
  for (int number = 0;;) {
    ::sigwait(&all, &number);
    g_signals_eaten.fetch_add(1);
  }
}

[[gnu::noinline]] void read_all_signals(int fd) {
  for (signalfd_siginfo information{};;) {
    (void)!::read(fd, &information, sizeof information);
    g_signals_eaten.fetch_add(1);
  }
}

/// The parent of a vfork sleeps uninterruptibly until its child is gone.
[[gnu::noinline]] void wait_for_vforked_child(Actor& actor) {
  actor.about_to_block();
  const pid_t child = ::vfork();
  if (child == 0) {
    // Ends with the program: nothing else is allowed here.
    ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    ::syscall(SYS_pause);
    ::_exit(0);
  }
  target::keep_frame();
}

}  // namespace

int main() {
  Scene scene;
  scene.add("deaf-sleep", {.reason = "sleep", .system_call = SYS_clock_nanosleep, .timed = true},
            [](Actor& actor) {
              block_all_signals();
              actor.about_to_block();
              sleep_deaf();
            });
  scene.add("deaf-sigwait", {.reason = "signal wait", .system_call = SYS_rt_sigtimedwait},
            [](Actor& actor) {
              block_all_signals();
              actor.about_to_block();
              wait_for_all_signals();
            });
  scene.add("deaf-signalfd", {.reason = "event read", .system_call = SYS_read}, [](Actor& actor) {
    block_all_signals();
    const sigset_t all = all_signals();
    const int fd = target::check(::signalfd(-1, &all, SFD_CLOEXEC), "signalfd");
    actor.waits_on(fd);
    actor.about_to_block();
    read_all_signals(fd);
  });
  scene.add("deaf-suspend", {.reason = "signal wait|pause", .system_call = SYS_rt_sigsuspend},
            [](Actor& actor) {
              sigset_t all_but_one = all_signals();
              ::sigdelset(&all_but_one, SIGUSR1);
              actor.about_to_block();
              ::sigsuspend(&all_but_one);
            });
  scene.add("deaf-ppoll", {.reason = "poll", .system_call = SYS_ppoll, .timed = true},
            [](Actor& actor) {
              const sigset_t all = all_signals();
              const timespec two_hours{7200, 0};
              actor.about_to_block();
              ::ppoll(nullptr, 0, &two_hours, &all);
            });
  scene.add("vfork-parent", {.reason = "disk|child wait|system call", .system_call = SYS_vfork},
            wait_for_vforked_child);
  scene.announce();
  Scene::serve([](const std::string&) { return std::to_string(g_signals_eaten.load()); });
}
