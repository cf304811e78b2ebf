// SPDX-License-Identifier: MIT
// Calls that wait for time, events or signals.
#include "blocking_calls.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>

namespace target {
namespace {

constexpr timespec kTwoHours{7200, 0};

void append_multiplexers(std::vector<BlockingCall>& calls) {
  calls.push_back({"poll", SYS_poll, [](Actor& actor) -> long {
                     pollfd nothing{-1, 0, 0};
                     actor.about_to_block();
                     return ::poll(&nothing, 1, -1);
                   }});
  calls.push_back({"poll timed", SYS_poll, [](Actor& actor) -> long {
                     pollfd nothing{-1, 0, 0};
                     actor.about_to_block();
                     return ::poll(&nothing, 1, 7'200'000);
                   }});
  calls.push_back({"ppoll", SYS_ppoll, [](Actor& actor) -> long {
                     pollfd nothing{-1, 0, 0};
                     actor.about_to_block();
                     return ::ppoll(&nothing, 1, &kTwoHours, nullptr);
                   }});
  calls.push_back({"select", SYS_pselect6, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::select(0, nullptr, nullptr, nullptr, nullptr);
                   }});
  calls.push_back({"pselect", SYS_pselect6, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::pselect(0, nullptr, nullptr, nullptr, &kTwoHours, nullptr);
                   }});
  for (const int timeout_ms : {-1, 7'200'000}) {
    calls.push_back({timeout_ms < 0 ? "epoll_wait" : "epoll_wait timed", SYS_epoll_wait,
                     [timeout_ms](Actor& actor) -> long {
                       const int fd = check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
                       epoll_event event{};
                       actor.about_to_block();
                       return ::epoll_wait(fd, &event, 1, timeout_ms);
                     }});
  }
  calls.push_back({"epoll_pwait2", SYS_epoll_pwait2, [](Actor& actor) -> long {
                     const int fd = check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
                     epoll_event event{};
                     actor.about_to_block();
                     return ::syscall(SYS_epoll_pwait2, fd, &event, 1, &kTwoHours, nullptr, 8);
                   }});
}

void append_sleeps(std::vector<BlockingCall>& calls) {
  calls.push_back({"nanosleep", SYS_clock_nanosleep, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::nanosleep(&kTwoHours, nullptr);
                   }});
  calls.push_back({"clock_nanosleep abs", SYS_clock_nanosleep, [](Actor& actor) -> long {
                     timespec until{};
                     ::clock_gettime(CLOCK_MONOTONIC, &until);
                     until.tv_sec += 7200;
                     actor.about_to_block();
                     return ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
                   }});
  calls.push_back({"sleep", SYS_clock_nanosleep, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::sleep(7200);
                   }});
  calls.push_back({"usleep", SYS_clock_nanosleep, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::usleep(1'800'000'000);
                   }});
  calls.push_back({"sleep_for", SYS_clock_nanosleep, [](Actor& actor) -> long {
                     actor.about_to_block();
                     std::this_thread::sleep_for(std::chrono::hours(2));
                     return 0;
                   }});
}

sigset_t only_user_signal() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR2);
  return set;
}

sigset_t all_signals() {
  sigset_t set;
  ::sigfillset(&set);
  return set;
}

void append_signal_waits(std::vector<BlockingCall>& calls) {
  calls.push_back({"pause", SYS_pause, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::pause();
                   }});
  calls.push_back({"sigsuspend", SYS_rt_sigsuspend, [](Actor& actor) -> long {
                     sigset_t none;
                     ::sigemptyset(&none);
                     actor.about_to_block();
                     return ::sigsuspend(&none);
                   }});
  calls.push_back({"sigtimedwait", SYS_rt_sigtimedwait, [](Actor& actor) -> long {
                     const sigset_t set = only_user_signal();
                     actor.about_to_block();
                     return ::sigtimedwait(&set, nullptr, &kTwoHours);
                   }});
  calls.push_back({"sigwaitinfo", SYS_rt_sigtimedwait, [](Actor& actor) -> long {
                     const sigset_t set = only_user_signal();
                     actor.about_to_block();
                     return ::sigwaitinfo(&set, nullptr);
                   }});
  calls.push_back({"sigwait", SYS_rt_sigtimedwait, [](Actor& actor) -> long {
                     const sigset_t set = only_user_signal();
                     int number = 0;
                     actor.about_to_block();
                     ::sigwait(&set, &number);
                     return number;
                   }});
  // A signal sent to these two is delivered to the program as if it were its own.
  calls.push_back({"sigwait all", SYS_rt_sigtimedwait, [](Actor& actor) -> long {
                     const sigset_t set = all_signals();
                     ::pthread_sigmask(SIG_SETMASK, &set, nullptr);
                     int number = 0;
                     actor.about_to_block();
                     ::sigwait(&set, &number);
                     return number;
                   }});
  calls.push_back({"signalfd all", SYS_read, [](Actor& actor) -> long {
                     const sigset_t set = all_signals();
                     ::pthread_sigmask(SIG_SETMASK, &set, nullptr);
                     const int fd = check(::signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
                     signalfd_siginfo information{};
                     actor.about_to_block();
                     return ::read(fd, &information, sizeof information);
                   }});
}

}  // namespace

void append_sleeping_calls(std::vector<BlockingCall>& calls) {
  append_multiplexers(calls);
  append_sleeps(calls);
  append_signal_waits(calls);
}

}  // namespace target
