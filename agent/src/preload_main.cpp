// SPDX-License-Identifier: MIT
// In the preloadable build only: the end of a program that `xgops test` has started passes through
// here, before its destructors. In all other programs nothing else happens.
#include "preload_next.hpp"
#include "test_run.hpp"

#include <cstdlib>

#include <unistd.h>

namespace xgops::agent {
namespace {

using Main = int (*)(int, char**, char**);

constinit NextFunction<int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*)>
    g_start_main("__libc_start_main");
constinit NextFunction<void (*)(int)> g_exit("exit");
constinit Main g_main = nullptr;

[[gnu::constructor]] void find_functions_of_the_end() noexcept {
  g_start_main.get();
  g_exit.get();
}

// Not noexcept: an exception that leaves the program's main must find what it finds without us.
int run_main(int count, char** arguments, char** environment) {
  const int status = g_main(count, arguments, environment);
  end_test_run();
  return status;
}

}  // namespace
}  // namespace xgops::agent

// NOLINTNEXTLINE(bugprone-reserved-identifier): the C library's own.
extern "C" [[gnu::visibility("default")]] int __libc_start_main(
    xgops::agent::Main main, int count, char** arguments, void (*initialize)(), void (*finish)(),
    void (*finish_loader)(), void* stack_end) {
  using namespace xgops::agent;  // NOLINT(google-build-using-namespace): of one function.
  const auto next = g_start_main.get();
  if (next == nullptr) {
    ::_exit(EXIT_FAILURE);  // There is no C library that could run a program.
  }
  g_main = main;
  return next(is_test_run() ? &run_main : main, count, arguments, initialize, finish, finish_loader,
              stack_end);
}

// Not noexcept: a thread that is cancelled in here unwinds, as it does without us.
extern "C" [[gnu::visibility("default")]] void exit(int status) {
  using namespace xgops::agent;  // NOLINT(google-build-using-namespace): of one function.
  end_test_run();
  if (const auto next = g_exit.get()) {
    next(status);
  }
  ::_exit(status);
}
