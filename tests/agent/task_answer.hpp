// SPDX-License-Identifier: MIT
// A whole answer to Tasks, put together from its messages as a client does.
#pragma once

#include "commands/handlers.hpp"
#include "recording_channel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xgops::test {

/// What one answer said. Reports a failure when something is referred to before it was sent.
struct TaskAnswer {
  std::map<std::uint32_t, std::string> texts;
  std::map<std::uint32_t, protocol::SourceLocation> locations;
  std::map<std::uint32_t, std::vector<std::uint32_t>> chains;
  std::map<std::uint32_t, protocol::Stack> stacks;
  std::vector<protocol::Task> tasks;
  std::vector<protocol::TaskGroup> groups;
  protocol::Tasks::Response last;
  std::size_t modules = 0;
  std::size_t messages = 0;
  std::size_t largest_message = 0;  ///< Bytes of its payload.
  std::optional<Error> error;

  [[nodiscard]] const protocol::Task* task(std::uint64_t id) const {
    for (const protocol::Task& each : tasks) {
      if (each.id == id) {
        return &each;
      }
    }
    return nullptr;
  }
  [[nodiscard]] std::string text(std::uint32_t id) const {
    const auto found = texts.find(id);
    return found == texts.end() ? std::string() : found->second;
  }

  void add(const protocol::Tasks::Response& part) {
    for (const auto& each : part.texts) {
      texts.emplace(each.id, each.text);
    }
    for (const auto& each : part.locations) {
      locations.emplace(each.id, each);
    }
    for (const auto& each : part.chains) {
      chains.emplace(each.id, each.locations);
      for (const std::uint32_t location : each.locations) {
        EXPECT_TRUE(location == 0 || locations.count(location) == 1) << location;
      }
    }
    for (const auto& each : part.creation_stacks) {
      stacks.emplace(each.id, each);
    }
    modules += part.modules.size();
    for (const auto& each : part.tasks) {
      check(each);
      tasks.push_back(each);
    }
    for (const auto& each : part.groups) {
      check(each.longest);
      groups.push_back(each);
    }
    last = part;
  }

 private:
  void check(const protocol::Task& task) const {
    for (const std::uint32_t id : {task.name, task.labels, task.detail}) {
      EXPECT_TRUE(id == 0 || texts.count(id) == 1) << "text of task " << task.id;
    }
    EXPECT_TRUE(task.chain == 0 || chains.count(task.chain) == 1) << "chain of task " << task.id;
    EXPECT_TRUE(task.created_at == 0 || locations.count(task.created_at) == 1) << task.id;
    EXPECT_TRUE(task.creation_stack == 0 || stacks.count(task.creation_stack) == 1) << task.id;
  }
};

/// Asks the real handler.
inline TaskAnswer ask_tasks(
    commands::AgentState& state, const protocol::Tasks::Request& request = {},
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max()) {
  RecordingChannel channel;
  commands::ReplyTerms terms;
  terms.arrival = std::chrono::steady_clock::now();
  terms.deadline = deadline;
  commands::Reply<protocol::Tasks> reply(channel, terms);
  TaskAnswer answer;
  if (const auto result = commands::handle(state, request, reply); !result) {
    answer.error = result.error();
  }
  answer.messages = channel.size();
  for (std::size_t i = 0; i < channel.size(); ++i) {
    const auto part = channel.as<protocol::Tasks::Response>(i);
    EXPECT_TRUE(part) << "message " << i;
    answer.largest_message =
        std::max<std::size_t>(answer.largest_message, channel.header(i).payload_bytes);
    const bool is_final = (channel.header(i).flags & protocol::kFinal) != 0;
    EXPECT_EQ(is_final, i + 1 == channel.size());
    if (part) {
      answer.add(*part);
    }
  }
  return answer;
}

}  // namespace xgops::test
