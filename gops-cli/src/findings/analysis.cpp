// SPDX-License-Identifier: MIT
#include "findings/analysis.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace xgops::cli {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

bool same_wait(const protocol::Task& a, const protocol::Task& b) {
  return a.state == b.state && a.reason == b.reason && a.resumed == b.resumed && a.tid == b.tid &&
         a.argument_kind == b.argument_kind && a.owner == b.owner;
}

}  // namespace

bool same_wait(const protocol::Wait& a, const protocol::Wait& b) {
  return a.reason == b.reason && a.object == b.object && a.owner_tid == b.owner_tid && a.fd == b.fd;
}

std::optional<Who> Analysis::again(const Who& who) const {
  if (second == nullptr) {
    return std::nullopt;
  }
  const Look& look = first.look();
  const auto index = who.is_thread ? second->graph.thread_with(static_cast<std::uint64_t>(
                                         look.threads()[who.index].facts.tid))
                                   : second->graph.task_with(look.tasks()[who.index].id);
  return index ? std::optional(Who{who.is_thread, *index}) : std::nullopt;
}

bool Analysis::unmoved(const Who& who) const {
  if (second == nullptr) {
    return true;
  }
  const auto then = again(who);
  if (!then) {
    return false;
  }
  if (who.is_thread) {
    const protocol::ThreadFacts& a = first.look().threads()[who.index].facts;
    const protocol::ThreadFacts& b = second->look().threads()[then->index].facts;
    return same_wait(a.wait, b.wait) &&
           a.cpu_ns == b.cpu_ns;  // Exact: a thread that ran used some.
  }
  return same_wait(first.look().tasks()[who.index], second->look().tasks()[then->index]);
}

std::string name_of(const Look& look, const Who& who) {
  std::string text;
  std::string name;
  if (who.is_thread) {
    const protocol::ThreadFacts& facts = look.threads()[who.index].facts;
    text = "thread " + std::to_string(facts.tid);
    name = facts.name;
  } else {
    const protocol::Task& task = look.tasks()[who.index];
    text = "task " + std::to_string(task.id);
    name = look.stacks.tasks->text(task.name);
  }
  return name.empty() ? text : text + " \"" + name + '"';
}

std::string count_of(const std::vector<Who>& who) {
  const auto threads = static_cast<std::size_t>(
      std::count_if(who.begin(), who.end(), [](const Who& each) { return each.is_thread; }));
  const std::size_t tasks = who.size() - threads;
  std::string text = threads > 0 || tasks == 0 ? counted(threads, "thread") : std::string();
  if (tasks > 0) {
    text += (text.empty() ? "" : " and ") + counted(tasks, "task");
  }
  return text;
}

std::int64_t age_of(const Look& look, const Who& who) {
  return who.is_thread ? look.threads()[who.index].facts.state_age_ns
                       : look.tasks()[who.index].state_age_ns;
}

std::string name_of(const Resource& resource) {
  std::string text(resource_word(resource.kind));
  const bool has_address = resource.address != 0 && resource.kind != ResourceKind::kJoin &&
                           resource.kind != ResourceKind::kEventLoop;
  if (has_address) {
    std::array<char, 16> digits{};
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), resource.address, 16).ptr;
    text += " 0x" + std::string(digits.data(), end);
  }
  return text;
}

}  // namespace xgops::cli
