// SPDX-License-Identifier: MIT
// One run of a test program.
#pragma once

#include "support/unique_fd.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace xgops::cli {

struct TestCommand {
  std::string program;                 ///< The file.
  std::vector<std::string> arguments;  ///< With the name of the program first.
  std::vector<std::pair<std::string, std::string>> environment;  ///< Added; "" removes.
  std::string report_file;  ///< Absolute, for XGOPS_TEST_REPORT; "": none is wanted.
  /// Its output is collected, it has no input, and it can be ended with its children. Else it has
  /// our standard streams.
  bool apart = true;
  bool errors_apart = false;  ///< Of one that is `apart`: what goes to which stream is kept apart.
  bool out_to_err = false;    ///< Of one that is not apart: our standard output is for the report.
};

/// What comes out is kept up to a limit: its end, which says most.
class OutputTail {
 public:
  explicit OutputTail(std::size_t limit) : limit_(limit) {}
  void add(std::string_view text);
  /// With a line in front that says so when the beginning is missing.
  [[nodiscard]] std::string text() const;

 private:
  std::size_t limit_;
  std::size_t dropped_ = 0;
  std::string text_;
};

/// A process that was started, until it has ended. Destroying it earlier kills it.
class TestProcess {
 public:
  using Clock = std::chrono::steady_clock;

  /// Errors: `Failure::kProgram`, or `kPermission`.
  static Result<TestProcess> start(const TestCommand& command, std::size_t output_limit);
  ~TestProcess();
  TestProcess(TestProcess&&) noexcept = default;
  TestProcess& operator=(TestProcess&&) = delete;
  TestProcess(const TestProcess&) = delete;
  TestProcess& operator=(const TestProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Can be read once it has ended.
  [[nodiscard]] int process_fd() const noexcept { return process_.get(); }
  /// Of `apart`; -1: there is no more output.
  [[nodiscard]] int output_fd() const noexcept { return output_.get(); }
  [[nodiscard]] Clock::time_point started() const noexcept { return started_; }

  /// Of `errors_apart`; -1: there are no more.
  [[nodiscard]] int error_fd() const noexcept { return errors_.get(); }

  /// What there is now; some of it, if it is much.
  void read_output();
  [[nodiscard]] std::string output() const { return tail_.text(); }
  [[nodiscard]] std::string errors() const { return error_tail_.text(); }
  /// Whether it has ended; then its wait status is known. Does not wait.
  [[nodiscard]] bool has_ended();
  [[nodiscard]] int wait_status() const noexcept { return wait_status_; }
  void send(int signal) const noexcept;
  /// With its children where it is apart, and waits for its end.
  void kill() noexcept;

 private:
  /// The ends of pipes that we read from.
  struct Streams {
    UniqueFd output;
    UniqueFd errors;
  };
  TestProcess(pid_t pid, UniqueFd process, Streams streams, bool apart, std::size_t output_limit);

  static void read_into(OutputTail& tail, UniqueFd& stream);

  /// A moved-from object has none.
  struct Pid {
    explicit Pid(pid_t pid) : value(pid) {}
    Pid(Pid&& other) noexcept : value(std::exchange(other.value, 0)) {}
    Pid& operator=(Pid&&) = delete;
    operator pid_t() const noexcept { return value; }  // NOLINT(google-explicit-constructor)
    pid_t value;
  };

  Pid pid_;
  UniqueFd process_;
  UniqueFd output_;
  UniqueFd errors_;
  bool apart_;
  bool ended_ = false;
  int wait_status_ = 0;
  Clock::time_point started_ = Clock::now();
  OutputTail tail_;
  OutputTail error_tail_;
};

}  // namespace xgops::cli
