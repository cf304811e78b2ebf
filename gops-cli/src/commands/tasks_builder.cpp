// SPDX-License-Identifier: MIT
// From the parts of a streamed answer to tasks with names.
#include "commands/tasks_builder.hpp"

#include "client/handshake.hpp"
#include "xgops/symbolize/function_name.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace xgops::cli {
namespace {

Error broken(std::string_view what, std::uint64_t id, std::string_view problem) {
  return bad_answer(std::string(what) + " " + std::to_string(id) + " " + std::string(problem));
}

Result<void> check_group(const protocol::TaskGroup& group) {
  if (group.count == 0 || group.ids.size() > protocol::kMaxGroupIds ||
      group.ids.size() > group.count) {
    return bad_answer("a group of tasks with " + std::to_string(group.ids.size()) + " ids for " +
                      std::to_string(group.count) + " tasks");
  }
  return {};
}

}  // namespace

void WireIds::add(std::uint32_t id) {
  const auto position = static_cast<std::uint32_t>(entries_.size());
  dense_ = dense_ && id == position + 1;
  entries_.push_back({id, position});
}

bool WireIds::seal() {
  if (dense_) {
    return true;
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.id < b.id; });
  const auto twice =
      std::adjacent_find(entries_.begin(), entries_.end(),
                         [](const Entry& a, const Entry& b) { return a.id == b.id; });
  return entries_.front().id != 0 && twice == entries_.end();
}

bool WireIds::translate(std::uint32_t& id) const {
  if (id == 0 || (dense_ && id <= entries_.size())) {
    return true;
  }
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), id,
                       [](const Entry& entry, std::uint32_t value) { return entry.id < value; });
  if (found == entries_.end() || found->id != id) {
    return false;
  }
  id = found->position + 1;
  return true;
}

void TasksBuilder::add(protocol::Tasks::Response part) {
  for (protocol::TaskText& text : part.texts) {
    texts_.add(text.id);
    table_.texts.push_back(std::move(text.text));
  }
  for (protocol::SourceLocation& location : part.locations) {
    if (table_.places.size() >= kMaxLocations) {
      break;  // Names cost time; finish() says that there are too many.
    }
    places_.add(location.id);
    table_.places.push_back(
        {symbolize::readable_function(location.function), std::move(location.file), location.line});
  }
  for (protocol::TaskChain& chain : part.chains) {
    chains_.add(chain.id);
    odd_chain_ = odd_chain_ ||
                 (!chain.frame_bytes.empty() && chain.frame_bytes.size() != chain.locations.size());
    table_.chains.push_back(std::move(chain.locations));
    table_.frame_bytes.push_back(std::move(chain.frame_bytes));
  }
  creation_.add(std::move(part.modules), part.creation_stacks);
  for (const protocol::TaskBody& body : part.bodies) {
    table_.bodies[body.task] = creation_.add_function(body.function);
  }
  table_.tasks.insert(table_.tasks.end(), part.tasks.begin(), part.tasks.end());
  std::move(part.groups.begin(), part.groups.end(), std::back_inserter(table_.groups));
  table_.total = part.total;
  table_.running = part.running;
  table_.dropped = part.dropped;
  table_.truncated = part.truncated;
  table_.cost = part.cost;
}

Result<void> TasksBuilder::translate_chains() {
  for (auto& chain : table_.chains) {
    for (std::uint32_t& place : chain) {
      if (const std::uint32_t id = place; !places_.translate(place)) {
        return broken("a chain refers to location", id, "that never came");
      }
    }
  }
  return {};
}

Result<void> TasksBuilder::translate(protocol::Task& task) const {
  if (!texts_.translate(task.name) || !texts_.translate(task.labels) ||
      !texts_.translate(task.detail)) {
    return broken("task", task.id, "refers to no text");
  }
  if (!places_.translate(task.created_at)) {
    return broken("task", task.id, "refers to no location");
  }
  if (!chains_.translate(task.chain)) {
    return broken("task", task.id, "refers to no chain");
  }
  if (task.creation_stack != 0) {
    const auto stack = creation_.index_of(task.creation_stack);
    if (!stack) {
      return broken("task", task.id, "refers to no stack");
    }
    task.creation_stack = *stack + 1;
  }
  return {};
}

Result<TaskTable> TasksBuilder::finish() {
  if (table_.places.size() >= kMaxLocations) {
    return bad_answer(std::to_string(kMaxLocations) + " different locations or more");
  }
  if (!texts_.seal() || !places_.seal() || !chains_.seal()) {
    return bad_answer("the id of a text, location or chain is 0 or came twice");
  }
  if (odd_chain_) {
    return bad_answer("a chain with more or fewer sizes than frames");
  }
  if (auto done = translate_chains(); !done) {
    return std::move(done).error();
  }
  for (protocol::Task& task : table_.tasks) {
    if (auto done = translate(task); !done) {
      return std::move(done).error();
    }
  }
  for (protocol::TaskGroup& group : table_.groups) {
    if (auto done = translate(group.longest); !done) {
      return std::move(done).error();
    }
    if (auto checked = check_group(group); !checked) {
      return std::move(checked).error();
    }
  }
  const auto by_id = [](const protocol::Task& a, const protocol::Task& b) { return a.id < b.id; };
  if (!std::is_sorted(table_.tasks.begin(), table_.tasks.end(), by_id)) {
    std::sort(table_.tasks.begin(), table_.tasks.end(), by_id);
  }
  auto creation = creation_.finish();
  if (!creation) {
    return std::move(creation).error();
  }
  table_.creation = *std::move(creation);
  return std::exchange(table_, {});
}

}  // namespace xgops::cli
