// SPDX-License-Identifier: MIT
#include "task_list.hpp"

#include <algorithm>
#include <chrono>

namespace xgops::test {
namespace {

constexpr std::chrono::seconds kPatience{20};

constexpr const char* kStates[]{"created", "ready", "running", "waiting"};

/// The state in which a task with this wait is.
std::string state_for(const std::string& wait) {
  return wait.empty() ? "running" : wait == "queued" ? "ready" : "waiting";
}

}  // namespace

TargetProcess spawn_linked(const std::filesystem::path& program,
                           std::vector<std::string> arguments) {
  TargetOptions options;
  options.launch = Launch::kPlain;
  options.arguments = std::move(arguments);
  return TargetProcess::spawn_program(program, std::move(options));
}

std::optional<std::vector<Json>> list_tasks(TargetProcess& program) {
  std::vector<Json> tasks;
  if (!program.send_line("tasks")) {
    return std::nullopt;
  }
  while (const auto line = program.read_line()) {
    if (*line == "end") {
      return tasks;
    }
    // Programs print what they like besides.
    if (Json task = parse_json(*line); task.is_object()) {
      tasks.push_back(std::move(task));
    }
  }
  return std::nullopt;
}

std::string plain_name(const std::string& function) {
  const std::string before = function.substr(0, function.find('('));
  return before.substr(before.find_last_of(" :") + 1);
}

ExpectedTask summary_of(const Json& task) {
  ExpectedTask summary;
  summary.wait = task.value("wait", "?");
  // The table says the state by the wait; a task in another one must not look like it.
  const std::string state = kStates[task.value("state", 0) & 3];
  if (state != state_for(summary.wait)) {
    summary.wait += " in state " + state;
  }
  summary.created_line = task.value("created_line", 0U);
  for (const Json& frame : task["frames"]) {
    const std::string file = string_at(frame, "file");
    if (file.find("include/asio/") == std::string::npos &&
        file.find("include/boost/asio/") == std::string::npos) {
      summary.frames.push_back({plain_name(string_at(frame, "function")), frame.value("line", 0U)});
    }
  }
  return summary;
}

std::string text_of(std::vector<ExpectedTask> tasks) {
  std::sort(tasks.begin(), tasks.end());
  std::string text;
  for (const ExpectedTask& task : tasks) {
    text += '[' + task.wait + ']';
    for (const ExpectedFrame& frame : task.frames) {
      text += ' ' + frame.function + ':' + std::to_string(frame.line);
    }
    text += " created at " + std::to_string(task.created_line) + '\n';
  }
  return text;
}

std::string tasks_when_like(TargetProcess& program, const std::string& expected) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::string text;
  do {
    const auto tasks = list_tasks(program);
    if (!tasks) {
      return "no answer\n" + program.log();
    }
    std::vector<ExpectedTask> seen;
    for (const Json& task : *tasks) {
      seen.push_back(summary_of(task));
    }
    text = text_of(std::move(seen));
  } while (text != expected && std::chrono::steady_clock::now() < deadline);
  return text;
}

}  // namespace xgops::test
