// SPDX-License-Identifier: MIT
// Runs something in a child of this process.
#pragma once

#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

namespace xgops::test {

/// What `check` returns in a child; -1: it crashed. The child ends at once, or by `exit` in
/// `check`.
template <class Check>
int in_child(Check check) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(check());
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace xgops::test
