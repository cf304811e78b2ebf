// SPDX-License-Identifier: MIT
// In the preloadable build only: programs that set what signals do pass through here, so that the
// handlers that they install for crashes do not end the dumps. With crash dumps off, and for other
// signals, nothing else happens.
#include "crash/program_actions.hpp"
#include "preload_next.hpp"

#include <cerrno>

#include <signal.h>

namespace xgops::crash {
namespace {

using Handler = void (*)(int);

constinit NextFunction<int (*)(int, const struct sigaction*, struct sigaction*)> g_sigaction(
    "sigaction");
constinit NextFunction<Handler (*)(int, Handler)> g_signal("signal");
constinit NextFunction<Handler (*)(int, Handler)> g_sysv_signal("__sysv_signal");

[[gnu::constructor]] void find_functions() noexcept {
  g_sigaction.get();
  g_signal.get();
  g_sysv_signal.get();
}

/// `signal`, in its meaning of BSD or of System V.
Handler set_handler(int signal, Handler handler, struct sigaction meaning,
                    NextFunction<Handler (*)(int, Handler)>& otherwise) noexcept {
  meaning.sa_handler = handler;
  struct sigaction before {};
  if (handler != SIG_ERR && set_program_action(signal, &meaning, &before)) {
    return before.sa_handler;
  }
  const auto next = otherwise.get();
  if (next == nullptr) {
    errno = ENOSYS;
    return SIG_ERR;
  }
  return next(signal, handler);
}

}  // namespace
}  // namespace xgops::crash

extern "C" [[gnu::visibility("default")]] int sigaction(int signal, const struct sigaction* action,
                                                        struct sigaction* before) noexcept {
  using namespace xgops::crash;  // NOLINT(google-build-using-namespace): of one function.
  if (set_program_action(signal, action, before)) {
    return 0;
  }
  const auto next = g_sigaction.get();
  if (next == nullptr) {
    errno = ENOSYS;
    return -1;
  }
  return next(signal, action, before);
}

extern "C"
    [[gnu::visibility("default")]] void (*signal(int signal, void (*handler)(int)) noexcept)(int) {
  using namespace xgops::crash;  // NOLINT(google-build-using-namespace): of one function.
  struct sigaction meaning {};
  meaning.sa_flags = SA_RESTART;
  ::sigemptyset(&meaning.sa_mask);
  ::sigaddset(&meaning.sa_mask, signal);
  return set_handler(signal, handler, meaning, g_signal);
}

/// What `signal` is in programs that ask for X/Open and nothing more.
extern "C"
    [[gnu::visibility("default")]] void (*__sysv_signal(int signal,
                                                        void (*handler)(int)) noexcept)(int) {
  using namespace xgops::crash;  // NOLINT(google-build-using-namespace): of one function.
  struct sigaction meaning {};
  meaning.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  return set_handler(signal, handler, meaning, g_sysv_signal);
}
