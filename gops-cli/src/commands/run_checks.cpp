// SPDX-License-Identifier: MIT
#include "commands/run_checks.hpp"

#include "output/dump_text.hpp"
#include "support/failure.hpp"
#include "support/parse.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

/// As the agent chooses it.
int default_capture_signal() {
  return SIGRTMAX - 2;
}

/// "QUIT", "SIGQUIT" or "3"; 0: none of these.
int signal_number(std::string_view text) {
  if (const auto number = parse_integer<int>(text)) {
    return *number;
  }
  const std::string name = (text.starts_with("SIG") ? "" : "SIG") + std::string(text);
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    if (signal_name(signal) == name) {
      return signal;
    }
  }
  return 0;
}

bool can_be_asked_by(int signal) {
  // 32 and 33 are the C library's own.
  constexpr std::array kTaken{SIGKILL, SIGSTOP, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, 32, 33};
  return signal > 0 && signal <= SIGRTMAX &&
         std::find(kTaken.begin(), kTaken.end(), signal) == kTaken.end();
}

}  // namespace

Result<void> check_capture_signal(std::uint32_t signal) {
  const auto lowest = static_cast<std::uint32_t>(SIGRTMIN);
  const auto highest = static_cast<std::uint32_t>(SIGRTMAX);
  if (signal == 0 || (signal >= lowest && signal <= highest)) {
    return {};
  }
  return failure(Failure::kUsage, "--signal " + std::to_string(signal) + " is no realtime signal",
                 "one from " + std::to_string(lowest) + " to " + std::to_string(highest) +
                     " that the program does not use");
}

Result<void> check_dump_signal(const std::string& text, std::uint32_t capture_signal) {
  if (text.empty() || text == "none") {
    return {};
  }
  const int signal = signal_number(text);
  if (!can_be_asked_by(signal)) {
    return failure(Failure::kUsage,
                   "--dump-signal " + text + " cannot be handled, or is one of a crash",
                   "such as QUIT or USR2, one that the program does not use");
  }
  const int capture =
      capture_signal == 0 ? default_capture_signal() : static_cast<int>(capture_signal);
  if (signal == capture) {
    return failure(Failure::kUsage,
                   "--dump-signal " + text + " is the signal by which running threads are read",
                   "choose another one, or set that with --signal");
  }
  return {};
}

Result<void> check_socket_directory(const std::string& path) {
  if (path.empty()) {
    return {};
  }
  if (!path.starts_with('/')) {
    return failure(Failure::kUsage, "--dir " + path + " is not an absolute path");
  }
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) {
    const bool is_private = S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() &&
                            (found.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    return is_private
               ? Result<void>()
               : failure(Failure::kUsage, "--dir " + path + " is no directory of yours alone",
                         "`chmod 700` it, or name one that does not exist: it is made");
  }
  const int problem = errno;
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (problem == ENOENT && ::access(parent.c_str(), W_OK | X_OK) == 0) {
    return {};
  }
  return failure(Failure::kUsage,
                 "--dir " + path + " cannot be made: " + std::generic_category().message(problem),
                 "its parent directory must exist");
}

}  // namespace xgops::cli
