// SPDX-License-Identifier: MIT
// Looks at processes that do not exist, for tests of what is concluded from them.
#pragma once

#include "findings/analysis.hpp"
#include "findings/look.hpp"
#include "findings/rules.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xgops::test {

/// Puts a look together. Ages are ten minutes, so that nothing has moved between two equal looks.
class LookBuilder {
 public:
  LookBuilder() {
    look_.stacks.process.namespace_pid = 1;
    look_.stacks.tasks.emplace();
  }

  protocol::Wait& thread(std::int32_t tid, protocol::WaitReason reason, std::uint64_t object = 0) {
    cli::ReportThread thread;
    thread.facts.tid = tid;
    thread.facts.name = "t" + std::to_string(tid);
    thread.facts.state = 'S';
    thread.facts.state_age_ns = 600'000'000'000;
    thread.facts.wait.reason = reason;
    thread.facts.wait.object = object;
    look_.stacks.threads.push_back(std::move(thread));
    return look_.stacks.threads.back().facts.wait;
  }
  void owned_by(std::int32_t tid, protocol::OwnerState state = protocol::OwnerState::kLive) {
    protocol::Wait& wait = look_.stacks.threads.back().facts.wait;
    wait.owner_tid = tid;
    wait.owner_state = state;
  }
  /// The last thread is inside Asio's loop, below these functions (innermost first).
  void in_executor(const std::vector<std::string>& functions) {
    cli::StackTable& table = look_.stacks.table;
    cli::ReportStack stack;
    std::vector<std::string> all = functions;
    all.emplace_back("asio::detail::scheduler::run(std::error_code&)");
    for (const std::string& function : all) {
      symbolize::Symbol symbol;
      symbol.function = function;
      stack.frames.push_back({0, static_cast<std::uint32_t>(table.locations.size()), false});
      table.locations.push_back({symbol});
    }
    look_.stacks.threads.back().stack = static_cast<std::uint32_t>(table.stacks.size());
    table.stacks.push_back(std::move(stack));
  }
  protocol::Task& task(std::uint64_t id, protocol::TaskWaitReason reason) {
    protocol::Task task;
    task.id = id;
    task.state = protocol::TaskState::kWaiting;
    task.reason = reason;
    task.state_age_ns = 600'000'000'000;
    look_.stacks.tasks->tasks.push_back(task);
    return look_.stacks.tasks->tasks.back();
  }
  protocol::Task& child(std::uint64_t id, protocol::TaskWaitReason reason, std::uint64_t parent) {
    protocol::Task& task = this->task(id, reason);
    task.parent = parent;
    return task;
  }
  /// The last task waits for what lies at `address`.
  void object(std::uint64_t address) {
    protocol::Task& task = look_.stacks.tasks->tasks.back();
    task.argument_kind = protocol::TaskArgument::kObject;
    task.argument = address;
  }
  void held_by(protocol::TaskOwner kind, std::uint64_t id) {
    protocol::Task& task = look_.stacks.tasks->tasks.back();
    task.owner_kind = kind;
    task.owner = id;
  }
  protocol::WaitObject& holders(std::uint64_t address, bool any,
                                std::vector<protocol::HolderFacts> who, bool sealed = true) {
    protocol::WaitObject object;
    object.address = address;
    object.any = any;
    object.sealed = sealed;
    object.holders = std::move(who);
    look_.objects.push_back(std::move(object));
    return look_.objects.back();
  }

  void module(protocol::Module module) { look_.stacks.table.modules.push_back(std::move(module)); }

  cli::Look& look() { return look_; }
  [[nodiscard]] const cli::Look& look() const { return look_; }

 private:
  cli::Look look_;
};

/// The findings of one rule in a process that stays as it is, or becomes `later`.
inline std::vector<cli::Finding> findings_of(
    std::vector<cli::Finding> (*rule)(const cli::Analysis&), const cli::Look& look,
    const cli::Look* later = nullptr, const cli::RuleOptions& options = {}) {
  cli::Look after = later != nullptr ? *later : look;
  after.began = look.ended + std::chrono::milliseconds(100);
  const cli::Judged first(look);
  const cli::Judged second(after);
  return rule({first, &second, options});
}

}  // namespace xgops::test
