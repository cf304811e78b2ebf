// SPDX-License-Identifier: MIT
// Starts targets, with the agent or without, and talks to them line by line.
#include "support/target_process.hpp"

#include "support/paths.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace xgops::test {

using Clock = ChildProcess::Clock;

namespace {

/// For targets whose main thread never sleeps.
constexpr std::chrono::milliseconds kPatienceWithSpinners{200};

/// The thread that says `ready` runs on for a moment, until it waits for questions.
void wait_until_asleep(pid_t pid, Clock::time_point end) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  for (std::string line; Clock::now() < end; std::this_thread::yield()) {
    std::ifstream stat(path);
    if (!std::getline(stat, line) || line.find(") R ") == std::string::npos) {
      return;
    }
  }
}

}  // namespace

TargetProcess::TargetProcess(std::unique_ptr<TempDir> own_directory,
                             std::filesystem::path socket_directory, ChildProcess child)
    : own_directory_(std::move(own_directory)),
      socket_directory_(std::move(socket_directory)),
      child_(std::move(child)) {}

TargetProcess TargetProcess::spawn(std::string_view name, TargetOptions options) {
  return spawn_program(target_path(name), std::move(options));
}

TargetProcess TargetProcess::spawn_program(const std::filesystem::path& program,
                                           TargetOptions options) {
  auto own_directory = std::make_unique<TempDir>();
  auto socket_directory = options.socket_directory;
  if (socket_directory.empty()) {
    socket_directory = own_directory->path() / "s";
    std::filesystem::create_directory(socket_directory);
    std::filesystem::permissions(socket_directory, std::filesystem::perms::owner_all);
  }
  ChildOptions child;
  child.environment = std::move(options.environment);
  child.environment.emplace("XGOPS_DIR", socket_directory.string());
  child.environment.emplace("DEBUGINFOD_URLS", std::nullopt);
  child.working_directory =
      options.working_directory.empty() ? own_directory->path() : options.working_directory;
  child.error_file = own_directory->path() / "stderr";
  child.arguments = {program.string()};
  child.arguments.insert(child.arguments.end(), options.arguments.begin(), options.arguments.end());
  if (options.launch == Launch::kPreload) {
    child.environment.emplace("LD_PRELOAD", agent_path().string());
  } else if (options.launch == Launch::kRun) {
    child.arguments.insert(child.arguments.begin(), {xgops_path().string(), "run", "--"});
  }
  return {std::move(own_directory), std::move(socket_directory), ChildProcess(child)};
}

TargetProcess::~TargetProcess() {
  if (ready_) {
    constexpr std::chrono::seconds kPatience{2};
    (void)finish(kPatience);
  }
}

bool TargetProcess::wait_ready(std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    const auto line = read_line(std::max(left, std::chrono::milliseconds(0)));
    if (!line) {
      return false;
    }
    if (*line == "ready") {
      ready_ = true;
      wait_until_asleep(pid(), std::min(end, Clock::now() + kPatienceWithSpinners));
      return true;
    }
    if (Json fact = parse_json(*line); fact.is_object()) {
      facts_.push_back(std::move(fact));
    }
  }
}

Json TargetProcess::fact(std::string_view name) const {
  const auto found = std::find_if(facts_.begin(), facts_.end(), [&](const Json& candidate) {
    return string_at(candidate, "name") == name;
  });
  return found != facts_.end() ? *found : Json(nullptr);
}

std::optional<std::string> TargetProcess::read_line(std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  for (;;) {
    if (const auto newline = unread_.find('\n'); newline != std::string::npos) {
      std::string line = unread_.substr(0, newline);
      unread_.erase(0, newline + 1);
      return line;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd readable{child_.output_fd(), POLLIN, 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) <= 0) {
      return std::nullopt;
    }
    std::array<char, 65536> buffer;
    const ssize_t count = ::read(child_.output_fd(), buffer.data(), buffer.size());
    if (count <= 0) {
      return std::nullopt;
    }
    unread_.append(buffer.data(), static_cast<std::size_t>(count));
    history_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::optional<std::string> TargetProcess::ask(const std::string& line) {
  if (!send_line(line)) {
    return std::nullopt;
  }
  return read_line();
}

std::optional<int> TargetProcess::finish(std::chrono::milliseconds deadline) {
  child_.close_input();
  return wait(deadline);
}

std::optional<int> TargetProcess::wait(std::chrono::milliseconds deadline) {
  return child_.wait_until(Clock::now() + deadline);
}

bool TargetProcess::running() {
  return !child_.wait_until(Clock::now()).has_value();
}

CommandResult TargetProcess::xgops(std::vector<std::string> arguments,
                                   const Environment& environment) const {
  return run_xgops(socket_directory_, std::move(arguments), environment);
}

Json TargetProcess::xgops_json(std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--json", "-p", pid_text()});
  return parse_json(xgops(std::move(arguments)).out);
}

std::string TargetProcess::log() const {
  std::ostringstream text;
  text << "--- stdout of the target\n" << history_ << "--- its stderr\n";
  std::ifstream errors(own_directory_->path() / "stderr");
  if (errors.peek() != std::ifstream::traits_type::eof()) {
    text << errors.rdbuf();
  }
  text << "---";
  return text.str();
}

}  // namespace xgops::test
