// SPDX-License-Identifier: MIT
// Running debuginfod-find with a deadline.
#include "debuginfod.hpp"

#include "unique_fd.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the user.

namespace xgops::symbolize {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMinIdBytes = 3;
constexpr std::size_t kMaxAnswerBytes = 4096;

/// Our environment with the time-outs that we want; the user's may be a minute and a half.
std::vector<std::string> environment_with_timeout(std::chrono::seconds timeout) {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.substr(0, 19) != "DEBUGINFOD_TIMEOUT=" &&
        text.substr(0, 19) != "DEBUGINFOD_MAXTIME=") {
      entries.emplace_back(text);
    }
  }
  entries.push_back("DEBUGINFOD_TIMEOUT=" + std::to_string(timeout.count()));
  entries.push_back("DEBUGINFOD_MAXTIME=" + std::to_string(timeout.count()));
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

/// The first line from `fd`, or nothing when the deadline comes before its end.
Result<std::string> read_line(int fd, Clock::time_point deadline) {
  std::string text;
  while (text.find('\n') == std::string::npos && text.size() < kMaxAnswerBytes) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready = {fd, POLLIN, 0};
    const int count = left <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left));
    if (count == 0) {
      return system_error(ETIMEDOUT, "debuginfod-find");
    }
    std::array<char, 1024> buffer;
    const auto size = count < 0 ? -1 : ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

Result<std::string> Debuginfod::find_debug_file(const BuildId& build_id) {
  const char* servers = std::getenv("DEBUGINFOD_URLS");  // NOLINT(concurrency-mt-unsafe)
  if (!enabled_ || servers == nullptr || *servers == '\0') {
    return system_error(ENOSYS, "DEBUGINFOD_URLS is not set");
  }
  if (build_id.size() < kMinIdBytes) {
    return system_error(ENOENT, "debuginfod");
  }
  auto path = run(to_hex(build_id));
  if (!path && path.error().code != std::errc::no_such_file_or_directory) {
    enabled_ = false;
  }
  return path;
}

Result<std::string> Debuginfod::run(const std::string& build_id) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_error(errno, "pipe");
  }
  const UniqueFd output(ends[0]);
  UniqueFd input(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<std::string> arguments = {"debuginfod-find", "debuginfo", build_id};
  std::vector<std::string> environment = environment_with_timeout(limits_.server);
  pid_t child = -1;
  const int failure =
      ::posix_spawnp(&child, "debuginfod-find", &actions, nullptr, pointers_to(arguments).data(),
                     pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    return system_error(ENOSYS, "the program debuginfod-find cannot be run");
  }
  input.reset();
  auto line = read_line(output.get(), Clock::now() + limits_.program);
  if (!line) {
    ::kill(child, SIGKILL);
  }
  // It closes its output only when it exits, or it was killed: this wait is short.
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!line) {
    return line;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || line->empty() || line->front() != '/') {
    return system_error(ENOENT, "debuginfod");
  }
  return line;
}

}  // namespace xgops::symbolize
