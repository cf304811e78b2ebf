// SPDX-License-Identifier: MIT
// A running child in a process group of its own, with pipes to it.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::test {

/// Changes to our environment; no value means that the variable is removed.
using Environment = std::map<std::string, std::optional<std::string>>;

struct ChildOptions {
  std::vector<std::string> arguments;  ///< The first is the program; searched in $PATH.
  Environment environment;
  std::filesystem::path working_directory;  ///< Empty: ours.
  std::filesystem::path error_file;         ///< Where stderr goes; empty: a pipe.
};

/// A child process. The destructor kills its process group and reaps it; the kernel kills the child
/// when the test itself dies.
class ChildProcess {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws `std::system_error` when the program cannot be started.
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int output_fd() const noexcept { return output_; }
  [[nodiscard]] int error_fd() const noexcept { return error_; }

  /// Writes all of `text` to the child's stdin; false once the child has closed it.
  bool write(const std::string& text);
  void close_input();

  /// Waits for the end. The exit status, or 128 + N when signal N killed it; nothing at the
  /// deadline.
  std::optional<int> wait_until(Clock::time_point deadline);
  /// Sends SIGKILL to the whole process group.
  void kill() noexcept;

 private:
  void reset() noexcept;

  pid_t pid_ = -1;
  std::optional<int> status_;
  int input_ = -1;
  int output_ = -1;
  int error_ = -1;
};

}  // namespace xgops::test
