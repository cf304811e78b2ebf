// SPDX-License-Identifier: MIT
// Answers `Waits`: who can end waits that have more than one holder, what threads announce, and
// what event loops watch.
#include "commands/cost_meter.hpp"
#include "commands/handlers.hpp"
#include "commands/wait_mapping.hpp"
#include "tasks/holders.hpp"
#include "tasks/lost_exceptions.hpp"
#include "tasks/snapshot.hpp"
#include "tasks/source_text.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <unordered_set>

namespace xgops::commands {
namespace {

using protocol::TaskOwner;

// Of one object, on the wire.
constexpr std::size_t kObjectBytes = 22;
constexpr std::size_t kHolderBytes = 9;
constexpr std::size_t kAnnouncedBytes = 64;
constexpr std::size_t kThreadExecutorsBytes = 16;

class WaitsAnswer {
 public:
  WaitsAnswer(AgentState& state, Reply<protocol::Waits>& reply)
      : state_(state), reply_(reply), threads_(state.tasks.registry->threads()), waits_(state) {}

  void answer(const protocol::Waits::Request& request) {
    const CostMeter meter(reply_.arrival());
    look_for_live_tasks_and_sets();
    add_announced();
    for (const std::uint64_t address : sets_) {
      add_object(address);
    }
    const std::size_t polls =
        std::min<std::size_t>(request.event_polls.size(), protocol::kMaxEventPolls);
    for (std::size_t i = 0; i < polls && !is_late(); ++i) {
      const std::int32_t fd = request.event_polls[i];
      const threads::EventPollFacts facts = state_.inspector.look_into_event_poll(fd);
      part_.event_polls.push_back({fd, facts.watched, facts.external});
    }
    add_executors();
    add_lost_exceptions();
    part_.caught_signals = state_.inspector.caught_signals();
    part_.truncated = is_late_ || polls < request.event_polls.size();
    part_.cost = meter.cost();
    reply_.finish(part_);
  }

 private:
  bool is_late() {
    is_late_ = is_late_ || std::chrono::steady_clock::now() >= reply_.deadline();
    return is_late_;
  }

  /// One look at all records: which tasks there are, and which sets of holders they wait for.
  void look_for_live_tasks_and_sets() {
    for (const auto& record : state_.tasks.registry->records()) {
      const std::uint64_t identity = record.identity.load(std::memory_order_acquire);
      const auto bits = identity & 0xff;
      if (bits == detail::kTaskFree || bits == detail::kTaskFinished) {
        continue;
      }
      live_tasks_.push_back(identity >> detail::kIdShift);
      if (bits == detail::kTaskWaiting && ((identity >> 8) & 0xff) == detail::kArgumentHolderSet) {
        // Should it change just now, then what is there is no set, which is found out below.
        add_set(record.argument.load(std::memory_order_acquire));
      }
    }
    std::sort(live_tasks_.begin(), live_tasks_.end());
  }

  void add_set(std::uint64_t address) {
    if (known_sets_.insert(address).second) {
      sets_.push_back(address);
    }
  }

  [[nodiscard]] protocol::HolderFacts to_wire(std::uint64_t word) const {
    if (word == 0) {
      return {};
    }
    const std::uint64_t id = word & ~Holder::kThread;
    if ((word & Holder::kThread) != 0) {
      return {thread_exists(id) ? TaskOwner::kThread : TaskOwner::kGoneThread, id};
    }
    const bool lives = std::binary_search(live_tasks_.begin(), live_tasks_.end(), id);
    return {lives ? TaskOwner::kTask : TaskOwner::kGone, id};
  }

  void add_announced() {
    for (const tasks::Registry::Thread& thread : threads_) {
      const tasks::AnnouncedWait announced = tasks::Registry::announced_by(thread);
      if (announced.operation == 0) {
        continue;
      }
      const WireWait wait =
          waits_.to_wire(announced.operation, announced.argument_kind, announced.argument);
      const bool has_object = wait.argument_kind == protocol::TaskArgument::kObject;
      part_.announced.push_back({static_cast<std::int32_t>(thread.tid), wait.reason,
                                 has_object ? wait.argument : 0, to_wire(wait.holder),
                                 wait.detail});
      if (announced.argument_kind == detail::kArgumentHolderSet) {
        add_set(announced.argument);
      }
      flush(kAnnouncedBytes + wait.detail.size());
    }
  }

  void add_object(std::uint64_t address) {
    const tasks::HolderSetFacts facts = tasks::read_holder_set(address);
    if (!facts.is_set || is_late()) {
      return;
    }
    protocol::WaitObject object;
    object.address = address;
    object.any = facts.any;
    object.sealed = facts.sealed;
    object.unlisted = facts.unlisted;
    for (const std::uint64_t word : facts.words) {
      object.holders.push_back(to_wire(word));
    }
    flush(kObjectBytes + kHolderBytes * object.holders.size());
    part_.objects.push_back(std::move(object));
  }

  void add_executors() {
    for (const tasks::Registry::Thread& thread : threads_) {
      const std::uint64_t executors = tasks::Registry::executors_of(thread);
      const std::uint32_t handler = tasks::Registry::handler_of(thread);
      if (executors != 0 || handler != 0) {
        part_.thread_executors.push_back(
            {static_cast<std::int32_t>(thread.tid), executors, handler});
        flush(kThreadExecutorsBytes);
      }
    }
  }

  /// At most `LostExceptions::kMost`: they fit into one message.
  void add_lost_exceptions() {
    const auto place_of = [](std::uint64_t location, std::uint64_t function) {
      tasks::SourcePlace place = tasks::place_at(location, function);
      return protocol::SourceLocation{0, place.line, std::move(place.file),
                                      std::move(place.function)};
    };
    const std::uint32_t now = detail::coarse_ticks();
    for (const tasks::LostException& lost : state_.tasks.lost_exceptions->list()) {
      part_.lost_exceptions.push_back({lost.type.data(), lost.what.data(), lost.name.data(),
                                       place_of(lost.created_at, 0),
                                       place_of(lost.place, lost.function), lost.count,
                                       lost.last_task, tasks::age_between(lost.last, now)});
    }
    part_.lost_unlisted = state_.tasks.lost_exceptions->unlisted();
  }

  /// Sends what there is once it is enough.
  void flush(std::size_t added) {
    bytes_ += added;
    if (bytes_ >= protocol::kReplyChunkBytes) {
      reply_.emit(part_);
      part_ = {};
      bytes_ = 0;
    }
  }

  AgentState& state_;
  Reply<protocol::Waits>& reply_;
  const std::vector<tasks::Registry::Thread> threads_;
  WaitMapper waits_;
  protocol::Waits::Response part_;
  std::vector<std::uint64_t> live_tasks_;
  std::vector<std::uint64_t> sets_;
  std::unordered_set<std::uint64_t> known_sets_;
  std::size_t bytes_ = 0;
  bool is_late_ = false;
};

}  // namespace

Result<void> handle(AgentState& state, const protocol::Waits::Request& request,
                    Reply<protocol::Waits>& reply) {
  WaitsAnswer(state, reply).answer(request);
  return {};
}

}  // namespace xgops::commands
