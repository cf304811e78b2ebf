// SPDX-License-Identifier: MIT
// A program that does to itself what programs do, on request: one line in, one line out. Built
// twice: linked with the agent, which it starts as its arguments say, and without, for preloading.
//
//   target [deny CALL...]   CALL fails with EPERM, from before the agent starts
#include "target.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#if defined(XGOPS_LINKED)
#  include "xgops/agent.hpp"
#endif

namespace {

/// Destroyed after main: says so, so that a test sees that the program got there unharmed.
struct StaticObject {
  std::string text = "static object destroyed, and its text is long enough to be on the heap";
  ~StaticObject() {
    std::puts(text.c_str());
    std::fflush(stdout);
  }
} g_static_object;

#if defined(XGOPS_LINKED)
std::optional<xgops::Agent> g_agent;

std::string start_agent() {
  auto started = xgops::Agent::start();
  if (!started) {
    return std::to_string(started.error().code.value()) + " " + started.error().message();
  }
  g_agent.emplace(std::move(*started));
  return g_agent->running() ? "running" : "not running";
}

std::string stop_agent() {
  g_agent.reset();
  return "stopped";
}
#else
std::string start_agent() {
  return "not linked";
}
std::string stop_agent() {
  return "not linked";
}
#endif

std::string answer(const std::string& command, const std::string& argument) {
  if (command == "start") {
    return start_agent();
  }
  if (command == "stop") {
    return stop_agent();
  }
  for (const auto& table : {target::kProcessCommands, target::kSystemCommands}) {
    for (const target::Command& known : table) {
      if (command == known.name) {
        return known.run(argument);
      }
    }
  }
  return "unknown command " + command;
}

}  // namespace

int main(int argc, char** argv) {
  ::closefrom(3);  // What whoever runs the tests left open is not this program's.
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments.front() == "deny") {
    target::deny({arguments.begin() + 1, arguments.end()}, false);
  }
#if defined(XGOPS_LINKED)
  std::printf("{\"name\":\"agent\",\"state\":\"%s\"}\n", start_agent().c_str());
#endif
  std::puts("ready");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    std::string argument;
    words >> command;
    std::getline(words >> std::ws, argument);
    std::puts(answer(command, argument).c_str());
    std::fflush(stdout);
  }
  return 7;
}
