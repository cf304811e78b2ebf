// SPDX-License-Identifier: MIT
// How crashes.cpp gets its agent, if it starts one itself.
#pragma once

#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

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

/// A handler of the program's own, which was there before the agent: "details", "plain" or
/// "recovers".
inline void install_handler(std::string_view kind) {
  struct sigaction action {};
  if (kind == "details") {
    action.sa_sigaction = &on_segv_with_details;
    action.sa_flags = SA_SIGINFO;
  } else if (kind == "plain") {
    action.sa_handler = &on_segv;
  } else if (kind == "recovers") {
    action.sa_handler = &recover;
  } else {
    return;
  }
  check(::sigaction(SIGSEGV, &action, nullptr), "sigaction");
  if (kind == "recovers" && sigsetjmp(g_recovery, 1) != 0) {
    check(::write(STDOUT_FILENO, "recovered\n", 10), "write");
    ::_exit(44);
  }
}

inline void start_agent(std::string_view handler) {
  install_handler(handler);
#if defined(XGOPS_TARGET_LINKED)
  static std::optional<xgops::Agent> agent;
  auto started = xgops::Agent::start();
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
