// SPDX-License-Identifier: MIT
// The process of the xgops command: its streams, its exit status, and the last line of defence.
#include "app.hpp"
#include "support/failure.hpp"
#include "support/output_file.hpp"

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

using xgops::Result;
using xgops::cli::ExitStatus;

/// A closed standard stream would make the next socket number 0, 1 or 2, and a report would go to
/// an agent. What takes the place refuses the wrong direction, so that writing to a closed stdout
/// is still an error, and closes when `xgops run` becomes another program.
void occupy_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) {
      const int direction = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
      (void)::open("/dev/null", direction | O_CLOEXEC);
    }
  }
}

int run(int argc, char** argv) {
  occupy_standard_streams();
  xgops::cli::Terminal terminal;
  terminal.write_out = [](std::string_view data) -> Result<void> {
    return xgops::cli::write_all(STDOUT_FILENO, data, "standard output");
  };
  terminal.write_err = [](std::string_view data) -> Result<void> {
    return xgops::cli::write_all(STDERR_FILENO, data, "standard error");
  };
  terminal.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  terminal.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(xgops::cli::run_app(arguments, xgops::cli::real_places(), terminal));
}

int fail(std::string_view what) {
  const std::string message = "xgops: internal error: " + std::string(what) + "\n";
  (void)xgops::cli::write_all(STDERR_FILENO, message, "standard error").has_value();
  return static_cast<int>(ExitStatus::kTarget);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& failure) {
    return fail(failure.what());
  } catch (...) {
    return fail("an exception of an unknown kind");
  }
}
