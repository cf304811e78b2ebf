// SPDX-License-Identifier: MIT
// A program to inspect, started by a test and ended with it.
#pragma once

#include "support/child_process.hpp"
#include "support/command.hpp"
#include "support/json.hpp"
#include "support/temp_dir.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::test {

/// How the agent gets into the program.
enum class Launch {
  kPreload,  ///< LD_PRELOAD, as set by the test.
  kRun,      ///< `xgops run -- program`.
  kPlain,    ///< Not by us: the program is linked with it, or goes without.
};

struct TargetOptions {
  Launch launch = Launch::kPreload;
  std::vector<std::string> arguments;
  Environment environment;
  std::filesystem::path working_directory;  ///< Empty: a temporary one.
  std::filesystem::path socket_directory;   ///< Empty: a new one, removed at the end.
};

inline constexpr std::chrono::seconds kReadyDeadline{30};

/// A target prints what a test may want to know as JSON lines, then `ready` once it is in its
/// state, then reads stdin: the end of it ends the target.
class TargetProcess {
 public:
  /// Starts tests/targets/`name`. Throws `std::system_error` when that is impossible.
  static TargetProcess spawn(std::string_view name, TargetOptions options = {});
  /// Starts any program, for example an unmodified server.
  static TargetProcess spawn_program(const std::filesystem::path& program, TargetOptions options);

  /// Lets a target that got ready clean up behind itself, then kills what is left.
  ~TargetProcess();
  TargetProcess(TargetProcess&&) noexcept = default;
  TargetProcess& operator=(TargetProcess&&) noexcept = default;
  TargetProcess(const TargetProcess&) = delete;
  TargetProcess& operator=(const TargetProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return child_.pid(); }
  [[nodiscard]] std::string pid_text() const { return std::to_string(pid()); }
  [[nodiscard]] const std::filesystem::path& socket_directory() const { return socket_directory_; }

  /// Reads until the line `ready`, and gives the main thread a moment to go to sleep. False when
  /// the target ends or the deadline passes before.
  [[nodiscard]] bool wait_ready(std::chrono::milliseconds deadline = kReadyDeadline);
  /// The JSON lines printed before `ready`.
  [[nodiscard]] const std::vector<Json>& facts() const noexcept { return facts_; }
  /// The fact about the thread `name`; null when there is none.
  [[nodiscard]] Json fact(std::string_view name) const;

  /// The next line without its newline; nothing at the deadline or the end of the output.
  [[nodiscard]] std::optional<std::string> read_line(
      std::chrono::milliseconds deadline = kReadyDeadline);
  bool send_line(const std::string& line) { return child_.write(line + "\n"); }
  /// Sends `line`, then reads one line.
  [[nodiscard]] std::optional<std::string> ask(const std::string& line);

  /// Closes stdin and waits for the end: the exit status, or 128 + N when signal N killed it.
  [[nodiscard]] std::optional<int> finish(std::chrono::milliseconds deadline = kReadyDeadline);
  [[nodiscard]] bool running();
  void kill() noexcept { child_.kill(); }
  /// Waits for the end without closing stdin.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds deadline = kReadyDeadline);

  /// Runs `xgops arguments...` with this target's socket directory.
  [[nodiscard]] CommandResult xgops(std::vector<std::string> arguments,
                                    const Environment& environment = {}) const;
  /// Runs `xgops arguments... --json -p PID`; a discarded value when the output is not JSON.
  [[nodiscard]] Json xgops_json(std::vector<std::string> arguments) const;

  /// All that the target wrote to stderr, and to stdout so far: for assertion messages.
  [[nodiscard]] std::string log() const;

 private:
  TargetProcess(std::unique_ptr<TempDir> own_directory, std::filesystem::path socket_directory,
                ChildProcess child);

  std::unique_ptr<TempDir> own_directory_;
  std::filesystem::path socket_directory_;
  ChildProcess child_;
  std::string unread_;
  std::string history_;
  std::vector<Json> facts_;
  bool ready_ = false;
};

}  // namespace xgops::test
