// SPDX-License-Identifier: MIT
// Stacks in the collapsed format that flame graph tools read.
#include "output/escape.hpp"
#include "output/frame_text.hpp"
#include "output/task_text.hpp"
#include "output/text.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <string_view>

namespace xgops::cli {
namespace {

/// The format's own separator must not appear in a name.
std::string folded_name(std::string_view text) {
  std::string name = escape(text);
  std::replace(name.begin(), name.end(), ';', ':');
  return name;
}

std::string folded_frames(const StackTable& table, const ReportStack& stack) {
  std::string out;
  for (auto frame = stack.frames.rbegin(); frame != stack.frames.rend(); ++frame) {
    const auto& symbols = table.locations[frame->location];
    for (auto symbol = symbols.rbegin(); symbol != symbols.rend(); ++symbol) {
      out += ";" + folded_name(symbol->function.empty() ? place_text(*symbol) : symbol->function);
    }
  }
  return out;
}

void add_task(std::map<std::string, std::uint64_t>& counts, const TaskTable& table,
              const protocol::Task& task, std::uint64_t count) {
  std::string line = "task: " + folded_name(task_wait_summary(table, task, WaitDetail::kCommon));
  auto chain = std::span(table.chain(task.chain));
  const ReportStack* const running = table.running_stack(task.id);
  if (running != nullptr) {
    chain = chain.subspan(std::min<std::size_t>(chain.size(), 1));  // Its first is the last frame.
  }
  for (auto id = chain.rbegin(); id != chain.rend(); ++id) {
    const std::string& function = table.place(*id).function;
    line += ";" + (function.empty() ? "[unknown]" : folded_name(function));
  }
  if (running != nullptr) {
    line += folded_frames(table.running_stacks, *running);
  }
  counts[line] += count;
}

}  // namespace

std::string stack_folded(const StackReport& report) {
  std::vector<std::string> stacks;
  stacks.reserve(report.table.stacks.size());
  for (const ReportStack& stack : report.table.stacks) {
    stacks.push_back(folded_frames(report.table, stack));
  }
  std::map<std::string, std::uint64_t> counts;
  for (const ReportThread& thread : report.threads) {
    if (thread.facts.is_agent) {
      continue;  // A graph of the program, not of the tool that looks at it.
    }
    std::string line = thread.facts.name.empty() ? "thread" : folded_name(thread.facts.name);
    line += thread.stack ? stacks[*thread.stack] : ";[no stack]";
    ++counts[line];
  }
  if (report.tasks) {
    for (const protocol::TaskGroup& group : report.tasks->groups) {
      add_task(counts, *report.tasks, group.longest, group.count);
    }
    for (const protocol::Task& task : report.tasks->tasks) {
      add_task(counts, *report.tasks, task, 1);
    }
  }
  std::string out;
  for (const auto& [line, count] : counts) {
    out += line + " " + std::to_string(count) + "\n";
  }
  return out;
}

}  // namespace xgops::cli
