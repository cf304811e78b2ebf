// SPDX-License-Identifier: MIT
// For programs with tasks that know nothing of xgops: starts the agent before main, answers each
// line of stdin with all tasks as JSON lines and `end`, and ends the process at the end of stdin.
#include "xgops/agent.hpp"
#include "xgops/tasks.hpp"

#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

#include <unistd.h>

namespace {

std::string quoted(const char* text) {
  std::string result = "\"";
  for (; *text != '\0'; ++text) {
    if (*text == '"' || *text == '\\') {
      result += '\\';
    }
    result += *text;
  }
  return result + '"';
}

void print(const xgops::TaskView& task) {
  std::string line = "{\"id\":" + std::to_string(task.id) +
                     ",\"parent\":" + std::to_string(task.parent) +
                     ",\"state\":" + std::to_string(task.state) + ",\"wait\":" + quoted(task.wait) +
                     ",\"created_file\":" + quoted(task.created_file) +
                     ",\"created_line\":" + std::to_string(task.created_line) + ",\"frames\":[";
  for (std::uint32_t i = 0; i < task.frame_count; ++i) {
    line += std::string(i == 0 ? "" : ",") + "{\"function\":" + quoted(task.frame_functions[i]) +
            ",\"file\":" + quoted(task.frame_files[i]) +
            ",\"line\":" + std::to_string(task.frame_lines[i]) + '}';
  }
  std::printf("%s]}\n", line.c_str());
}

[[noreturn]] void serve() {
  for (std::string line; std::getline(std::cin, line);) {
    xgops::visit_tasks(print);
    std::printf("end\n");
    std::fflush(stdout);
  }
  ::_exit(0);
}

std::optional<xgops::Agent> g_agent;

[[gnu::constructor(65000)]] void start() {
  static const std::ios_base::Init streams;
  if (auto agent = xgops::Agent::start()) {
    g_agent.emplace(std::move(*agent));
  }
  std::thread(serve).detach();
}

}  // namespace
