// SPDX-License-Identifier: MIT
// Collects what a program prints until it ends or its time is up.
#include "support/command.hpp"

#include "support/paths.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace xgops::test {
namespace {

/// Appends what is there; false at the end of the stream.
bool drain(int fd, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

}  // namespace

CommandResult run_command(const Command& command, std::chrono::milliseconds deadline) {
  const auto end = ChildProcess::Clock::now() + deadline;
  ChildOptions options;
  options.arguments = command.arguments;
  options.environment = command.environment;
  options.working_directory = command.working_directory;
  ChildProcess child(options);
  // Inputs here fit into a pipe's buffer (64 KiB), so this cannot block on a child that writes.
  child.write(command.input);
  child.close_input();

  CommandResult result;
  std::array<pollfd, 2> streams{pollfd{child.output_fd(), POLLIN, 0},
                                pollfd{child.error_fd(), POLLIN, 0}};
  const std::array<std::string*, 2> texts{&result.out, &result.err};
  // A grandchild may hold the pipes open after the program ended: `wait_until` decides then.
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - ChildProcess::Clock::now()).count();
    if (left <= 0) {
      break;
    }
    ::poll(streams.data(), streams.size(), static_cast<int>(left));
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (streams[i].fd >= 0 && streams[i].revents != 0 && !drain(streams[i].fd, *texts[i])) {
        streams[i].fd = -1;
      }
    }
  }
  const auto status = child.wait_until(end);
  result.timed_out = !status;
  result.status = status.value_or(-1);
  return result;
}

CommandResult run_xgops(const std::filesystem::path& socket_directory,
                        std::vector<std::string> arguments, const Environment& environment,
                        std::chrono::milliseconds deadline) {
  Command command;
  command.arguments = std::move(arguments);
  command.arguments.insert(command.arguments.begin(), xgops_path().string());
  command.environment = environment;
  command.environment.emplace("XGOPS_DIR", socket_directory.string());
  command.environment.emplace("NO_COLOR", std::nullopt);
  command.environment.emplace("DEBUGINFOD_URLS", std::nullopt);
  return run_command(command, deadline);
}

std::string describe(const CommandResult& result) {
  return (result.timed_out ? std::string("timed out") : "status " + std::to_string(result.status)) +
         "\n--- stdout\n" + result.out + "--- stderr\n" + result.err + "---";
}

}  // namespace xgops::test
