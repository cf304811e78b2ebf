// SPDX-License-Identifier: MIT
#include "commands/look_source.hpp"

#include "client/handshake.hpp"
#include "commands/task_source.hpp"
#include "commands/thread_source.hpp"
#include "xgops/protocol/messages/waits.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace xgops::cli {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// Of one thread, or with 0 of all.
Result<StackReport> ask_stacks(Target& target, const Deadline& deadline, const LookOptions& options,
                               std::int32_t tid) {
  protocol::Stacks::Request request;
  request.tid = tid;
  request.deadline_ms = static_cast<std::uint32_t>(options.timeout.count());
  request.interrupt = options.interrupt;
  return thread_stacks(target, deadline, request, options.symbols);
}

Result<void> ask_waits(Target& target, const Deadline& deadline, std::uint32_t deadline_ms,
                       Look& look) {
  std::vector<const protocol::ThreadFacts*> threads;
  for (const ReportThread& thread : look.threads()) {
    threads.push_back(&thread.facts);
  }
  protocol::Waits::Request request;
  request.event_polls = event_polls_of(threads);
  request.deadline_ms = deadline_ms;
  return target.session.ask_parts<protocol::Waits>(
      request, deadline, [&](protocol::Waits::Response part) { add_waits(look, std::move(part)); });
}

}  // namespace

std::vector<std::int32_t> event_polls_of(const std::vector<const protocol::ThreadFacts*>& threads) {
  std::vector<std::int32_t> descriptors;
  for (const protocol::ThreadFacts* const facts : threads) {
    if (facts->wait.reason == protocol::WaitReason::kEpoll && facts->wait.fd >= 0) {
      descriptors.push_back(facts->wait.fd);
    }
  }
  std::sort(descriptors.begin(), descriptors.end());
  descriptors.erase(std::unique(descriptors.begin(), descriptors.end()), descriptors.end());
  descriptors.resize(std::min<std::size_t>(descriptors.size(), protocol::kMaxEventPolls));
  return descriptors;
}

void add_waits(Look& look, protocol::Waits::Response part) {
  append(look.objects, part.objects);
  append(look.announced, part.announced);
  append(look.event_polls, part.event_polls);
  append(look.thread_executors, part.thread_executors);
  append(look.lost_exceptions, part.lost_exceptions);
  look.lost_unlisted += part.lost_unlisted;
  look.caught_signals |= part.caught_signals;
  look.incomplete = look.incomplete || part.truncated;
}

std::optional<SampledStack> take_sample(Target& target, const Deadline& deadline,
                                        const LookOptions& options, std::int32_t tid) {
  auto report = ask_stacks(target, deadline, options, tid);
  if (!report || report->threads.size() != 1 || !report->threads.front().stack) {
    return std::nullopt;
  }
  return sampled(report->table, report->table.stacks[*report->threads.front().stack]);
}

Result<Look> take_look(Target& target, const Deadline& deadline, const LookOptions& options) {
  Look look;
  look.began = std::chrono::steady_clock::now();
  const auto deadline_ms = static_cast<std::uint32_t>(options.timeout.count());
  auto stacks = ask_stacks(target, deadline, options, 0);
  if (!stacks) {
    return std::move(stacks).error();
  }
  look.stacks = *std::move(stacks);
  // What ended or moved while it was read is not stuck.
  look.incomplete = look.stacks.truncated;
  const auto& hello = target.session.hello();
  if (has_capability(hello, protocol::MessageType::kTasks)) {
    protocol::Tasks::Request about_tasks;
    about_tasks.deadline_ms = deadline_ms;
    auto table = task_table(target, deadline, about_tasks, options.symbols);
    if (!table) {
      return std::move(table).error();
    }
    look.incomplete = look.incomplete || table->truncated;
    look.stacks.tasks = *std::move(table);
  }
  if (has_capability(hello, protocol::MessageType::kWaits)) {
    if (auto answered = ask_waits(target, deadline, deadline_ms, look); !answered) {
      return std::move(answered).error();
    }
  }
  look.ended = std::chrono::steady_clock::now();
  return look;
}

}  // namespace xgops::cli
