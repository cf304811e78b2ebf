// SPDX-License-Identifier: MIT
// Answers `Tasks`: every task with its wait and its async call chain, one by one or in groups.
#include "commands/cost_meter.hpp"
#include "commands/handlers.hpp"
#include "commands/task_mapping.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xgops::commands {
namespace {

constexpr std::size_t kTaskBytes = 77;
constexpr std::size_t kGroupBytes = kTaskBytes + 20 + 8 * protocol::kMaxGroupIds;

/// Fills the messages of one answer and sends each when it is full.
class TaskSeries {
 public:
  TaskSeries(AgentState& state, Reply<protocol::Tasks>& reply) : mapper_(state), reply_(reply) {}

  void add(const tasks::TaskSighting& task) {
    part_.tasks.push_back(mapper_.to_wire(task, part_));
    mapper_.add_bytes(kTaskBytes);
    send_when_full();
  }

  void add_to_group(const tasks::TaskSighting& task) {
    const auto [entry, is_new] = group_index_.try_emplace(mapper_.group_of(task), groups_.size());
    const std::int64_t age = mapper_.age_of(task);
    if (is_new) {
      groups_.emplace_back();
      groups_.back().longest = mapper_.to_wire(task, part_);
      groups_.back().youngest_age_ns = age;
      send_when_full();
    }
    protocol::TaskGroup& group = groups_[entry->second];
    ++group.count;
    group.youngest_age_ns = std::min(group.youngest_age_ns, age);
    if (!is_new && age > group.longest.state_age_ns) {
      group.longest = mapper_.to_wire(task, part_);
      send_when_full();
    }
    // The lowest ids, in a heap whose top is the highest of them.
    auto& ids = group.ids;
    if (ids.size() < protocol::kMaxGroupIds) {
      ids.push_back(task.id);
      std::push_heap(ids.begin(), ids.end());
    } else if (task.id < ids.front()) {
      std::pop_heap(ids.begin(), ids.end());
      ids.back() = task.id;
      std::push_heap(ids.begin(), ids.end());
    }
  }

  /// All groups, the one with the longest wait first.
  void send_groups() {
    std::sort(groups_.begin(), groups_.end(), [](const auto& a, const auto& b) {
      return a.longest.state_age_ns > b.longest.state_age_ns;
    });
    for (protocol::TaskGroup& group : groups_) {
      std::sort_heap(group.ids.begin(), group.ids.end());
      part_.groups.push_back(std::move(group));
      mapper_.add_bytes(kGroupBytes);
      send_when_full();
    }
  }

  protocol::Tasks::Response take() { return std::move(part_); }

 private:
  void send_when_full() {
    if (mapper_.bytes() - sent_bytes_ >= protocol::kReplyChunkBytes) {
      reply_.emit(part_);
      part_ = {};
      sent_bytes_ = mapper_.bytes();
    }
  }

  TaskMapper mapper_;
  Reply<protocol::Tasks>& reply_;
  protocol::Tasks::Response part_;
  std::size_t sent_bytes_ = 0;
  std::unordered_map<Fingerprint, std::size_t, Fingerprint::Hash> group_index_;
  std::vector<protocol::TaskGroup> groups_;
};

}  // namespace

Result<void> handle(AgentState& state, const protocol::Tasks::Request& request,
                    Reply<protocol::Tasks>& reply) {
  const CostMeter meter(reply.arrival());
  tasks::SnapshotOptions options;
  options.only_id = request.id;
  const std::uint32_t frames =
      request.max_frames == 0 ? protocol::kDefaultFrames : request.max_frames;
  options.max_frames = std::min(frames, protocol::kMaxFrames);
  bool is_late = false;
  options.cancelled = [&] {
    is_late = std::chrono::steady_clock::now() >= reply.deadline();
    return is_late || reply.cancelled();
  };

  TaskSeries series(state, reply);
  tasks::TaskReader reader(*state.tasks.registry);
  const auto summary = reader.read(options, [&](const tasks::TaskSighting& task) {
    if (request.group) {
      series.add_to_group(task);
    } else {
      series.add(task);
    }
  });
  if (summary.cancelled && !is_late) {
    return Error{std::make_error_code(std::errc::operation_canceled), "tasks"};
  }
  if (request.id != 0 && summary.total + summary.dropped == 0 && !is_late) {
    return system_error(ESRCH, "task " + std::to_string(request.id));
  }
  series.send_groups();
  protocol::Tasks::Response last = series.take();
  last.total = summary.total;
  last.running = summary.running;
  last.dropped = summary.dropped;
  last.truncated = is_late;
  last.cost = meter.cost();
  reply.finish(last);
  return {};
}

}  // namespace xgops::commands
