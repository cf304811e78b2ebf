// SPDX-License-Identifier: MIT
// How crashes.cpp gets its agent, if it starts one itself.
#pragma once

#include <cerrno>
#include <chrono>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

#include <unistd.h>

#if defined(XGOPS_TARGET_LINKED)
#  include <xgops/agent.hpp>

#  include <optional>
#endif

/// `value` unless the system call failed.
template <class T>
T check(T value, const char* what) {
  if (value == static_cast<T>(-1)) {
    std::fprintf(stderr, "target: %s: %s\n", what, std::strerror(errno));
    ::_exit(3);
  }
  return value;
}

inline sigjmp_buf g_recovery;

inline void on_segv_with_details(int signal, siginfo_t* info, void* /*context*/) {
  char text[96];
  const int length = std::snprintf(text, sizeof text, "handler: signal %d at %p code %d\n", signal,
                                   info->si_addr, info->si_code);
  check(::write(STDOUT_FILENO, text, static_cast<std::size_t>(length)), "write");
  ::_exit(42);
}
inline void on_segv(int signal) {
  char text[96];
  const int length = std::snprintf(text, sizeof text, "handler: signal %d\n", signal);
  check(::write(STDOUT_FILENO, text, static_cast<std::size_t>(length)), "write");
  ::_exit(43);
}
inline void recover(int /*signal*/) {
  siglongjmp(g_recovery, 1);
}

// What a program that asks for X/Open and nothing more gets for `signal`.
extern "C" void (*__sysv_signal(int signal, void (*handler)(int)) noexcept)(int);

/// Two handlers in turn, for ever.
inline void replace_handlers() {
  struct sigaction details {};
  details.sa_sigaction = &on_segv_with_details;
  details.sa_flags = SA_SIGINFO;
  struct sigaction plain {};
  plain.sa_handler = &on_segv;
  for (;;) {
    struct sigaction before {};
    check(::sigaction(SIGSEGV, &details, &before), "sigaction");
    if (before.sa_sigaction != &on_segv_with_details && before.sa_handler != &on_segv) {
      std::fprintf(stderr, "target: a handler of nobody\n");
      ::_exit(3);
    }
    check(::sigaction(SIGSEGV, &plain, nullptr), "sigaction");
  }
}

/// A handler of the program's own, named by `kind`: before the agent, or after that was preloaded.
inline void install_handler(std::string_view kind) {
  struct sigaction action {};
  ::sigaddset(&action.sa_mask, SIGUSR1);
  if (kind == "details") {
    action.sa_sigaction = &on_segv_with_details;
    action.sa_flags = SA_SIGINFO;
  } else if (kind == "plain" || kind == "replaced") {
    action.sa_handler = &on_segv;
  } else if (kind == "recovers") {
    action.sa_handler = &recover;
  } else if (kind == "ignored") {
    action.sa_handler = SIG_IGN;
  } else if (kind == "signal" || kind == "sysv_signal") {
    auto* const set = kind == "signal" ? &::signal : &::__sysv_signal;
    if (set(SIGSEGV, &on_segv) != SIG_DFL || set(SIGSEGV, &on_segv) != &on_segv) {
      std::fprintf(stderr, "target: %s does not return what was there\n", kind.data());
      ::_exit(3);
    }
    return;
  } else {
    return;
  }
  struct sigaction before {};
  struct sigaction now {};
  check(::sigaction(SIGSEGV, &action, &before), "sigaction");
  check(::sigaction(SIGSEGV, nullptr, &now), "sigaction");
  constexpr int kRestorer = 0x04000000;  // SA_RESTORER: the C library's own.
  if (before.sa_handler != SIG_DFL || now.sa_handler != action.sa_handler ||
      (now.sa_flags & ~kRestorer) != action.sa_flags || ::sigismember(&now.sa_mask, SIGUSR1) != 1 ||
      ::sigismember(&now.sa_mask, SIGUSR2) != 0) {
    std::fprintf(stderr, "target: sigaction does not return what was set\n");
    ::_exit(3);
  }
  if (kind == "replaced") {
    std::thread(&replace_handlers).detach();
    std::thread(&replace_handlers).detach();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

inline void start_agent(std::string_view handler) {
  install_handler(handler);
#if defined(XGOPS_TARGET_LINKED)
  static std::optional<xgops::Agent> agent;
  auto started = xgops::Agent::start();
  if (!started && handler == "second_agent") {
    return;
  }
  if (!started) {
    std::fprintf(stderr, "target: %s\n", started.error().message().c_str());
    ::_exit(3);
  }
  agent.emplace(*std::move(started));
#endif
}

inline void guard_thread() {
#if defined(XGOPS_TARGET_LINKED)
  xgops::Agent::guard_thread();
#endif
}
