// SPDX-License-Identifier: MIT
#include "proof/waiting_tasks.hpp"

#include "support/own_memory.hpp"
#include "tasks/operation_rules.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

namespace xgops::proof {
namespace {

constexpr std::size_t kOperationSlots = 4096;
constexpr std::size_t kMostNameBytes = 512;
constexpr std::size_t kMostFrames = 65'536;

constexpr std::uint64_t mix(std::uint64_t key) {
  return (key * 0x9e37'79b9'7f4a'7c15ULL) >> 20U;
}

std::string_view text_at(std::uint64_t address, std::size_t bytes,
                         std::span<char> buffer) noexcept {
  std::size_t copied = 0;
  if (address != 0) {
    copied = support::copy_own_memory(address, buffer.data(), std::min(bytes, buffer.size()));
  }
  const std::string_view text(buffer.data(), copied);
  return bytes > buffer.size() ? text.substr(0, text.find('\0')) : text;
}

}  // namespace

bool is_provable(WaitReason reason, detail::TaskArgumentBits kind) noexcept {
  const bool for_object = kind == detail::kArgumentObject || kind == detail::kArgumentHolder ||
                          kind == detail::kArgumentHolderSet;
  const bool for_tasks = kind == detail::kArgumentTask || kind == detail::kArgumentCount;
  switch (reason) {
    case WaitReason::kAllOf:
    case WaitReason::kFirstOf:
      // Not only tasks may be in a group. What else is in it leads to it, should it be alive.
      return for_tasks;
    case WaitReason::kChannelSend:
    case WaitReason::kChannelReceive:
    case WaitReason::kJoin:
    case WaitReason::kMutexLock:
    case WaitReason::kRwlockRead:
    case WaitReason::kRwlockWrite:
    case WaitReason::kConditionWait:
    case WaitReason::kSemaphore:
    case WaitReason::kWaitGroup:
    case WaitReason::kBarrier:
    case WaitReason::kCallOnce:
    case WaitReason::kFuture:
    case WaitReason::kSelect:
    case WaitReason::kCustom:
      return for_object || kind == detail::kArgumentTask;
    default:
      return false;
  }
}

const WaitingTasks::Operation& WaitingTasks::operation_at(std::uint64_t address) noexcept {
  // There are few of them: one for each kind of wait in the program's source.
  Operation& known = operations_[mix(address) % kOperationSlots];
  if (known.address == address) {
    return known;
  }
  known = {.address = address};
  struct {
    std::uint64_t object;
    std::uint64_t name;
    std::uint32_t name_bytes;
    std::uint32_t reason;
  } copy{};
  static_assert(sizeof copy == sizeof(detail::TaskOperation));
  if (support::copy_own_memory(address, &copy, sizeof copy) != sizeof copy) {
    return known;
  }
  if (copy.reason != 0) {
    known.reason = static_cast<WaitReason>(copy.reason);
    return known;
  }
  std::array<char, kMostNameBytes> object{};
  std::array<char, kMostNameBytes> name{};
  const std::string_view object_text = text_at(copy.object, kMostNameBytes + 1, object);
  known.reason = tasks::reason_of_operation(
      object_text,
      text_at(copy.name, copy.name_bytes == 0 ? kMostNameBytes + 1 : copy.name_bytes, name));
  known.channel = object_text == "channel";
  return known;
}

bool WaitingTasks::add_frames(std::uint64_t top, ScratchArray<Block>& frames) noexcept {
  std::uint64_t node = top;
  for (std::size_t n = 0; node != 0; ++n) {
    tasks::NodeCopy copy;
    const Block block = blocks_.find(node);
    if (n == kMostFrames || !block ||
        !tasks::copy_node(registry_.frames(), node, support::copy_own_memory, copy)) {
      return false;
    }
    free_frame_ = free_frame_ || blocks_.is_marked(block);
    if (!blocks_.is_marked(block)) {
      frames.push(block);
    }
    node = copy.caller;
  }
  return true;
}

/// Somebody else ends its wait, or nobody has to: whatever it has can be reached.
void WaitingTasks::add_live(std::uint64_t id, std::uint64_t parent, std::uint64_t top,
                            bool moves) noexcept {
  free_frame_ = false;
  // Frames elsewhere are in memory that counts anyway.
  (void)add_frames(top, live_frames_);
  contradicted_ = contradicted_ || (free_frame_ && !moves);
  live_ids_.push(id);
  if (parent != 0) {
    live_parents_.push(parent);
  }
}

void WaitingTasks::add(const tasks::RecordCopy& record) noexcept {
  WaitingTask task{.id = record.id(),
                   .sequence = record.sequence,
                   .resumed = record.resumed,
                   .object = record.argument,
                   .parent = record.parent(),
                   .first_frame = static_cast<std::uint32_t>(frames_.size())};
  const detail::TaskArgumentBits kind = record.argument_kind();
  bool provable = record.state() == detail::kTaskWaiting && record.top != 0;
  if (provable) {
    const Operation& operation = operation_at(record.operation);
    task.waits_for_task = kind == detail::kArgumentTask;
    task.waits_for_children = kind == detail::kArgumentCount;
    task.asio_channel = operation.channel;
    provable = is_provable(operation.reason, kind) && record.argument != 0;
  }
  if (!provable) {
    add_live(record.id(), record.parent(), record.top, record.state() != detail::kTaskWaiting);
    return;
  }
  free_frame_ = false;
  if (!add_frames(record.top, frames_)) {
    task.reached = Reached::kByProgram;  // Where nothing is known, everything is possible.
  }
  contradicted_ = contradicted_ || free_frame_;
  task.frames = static_cast<std::uint32_t>(frames_.size()) - task.first_frame;
  tasks_.push(task);
}

WaitingTasks::Place* WaitingTasks::place(std::uint64_t key, bool make) noexcept {
  const std::size_t mask = places_.size() - 1;
  for (std::size_t at = mix(key) & mask;; at = (at + 1) & mask) {
    Place& found = places_[at];
    if (found.block == key) {
      return &found;
    }
    if (found.block == 0) {
      if (!make) {
        return nullptr;
      }
      found.block = key;
      return &found;
    }
  }
}

bool WaitingTasks::make_places() noexcept {
  const std::size_t wanted = std::bit_ceil((tasks_.size() * 3 + frames_.size() + 8) * 2);
  return places_.resize(wanted);
}

void WaitingTasks::connect(WaitingTask& task, std::uint32_t number) noexcept {
  for (std::uint32_t i = 0; i < task.frames; ++i) {
    const Block& frame = frames_[task.first_frame + i];
    blocks_.make_special(frame);
    Place& its = *place(frame.begin, true);
    contradicted_ = contradicted_ || (its.owner != 0 && its.owner != number);
    its.owner = number;
  }
  place(task.id | kTaskKey, true)->owner = number;
  Place* its = nullptr;
  if (task.waits_for_children) {
    return;
  }
  if (task.waits_for_task) {
    its = place(task.object | kTaskKey, true);
  } else if (const Block block = blocks_.find(task.object); block && !blocks_.is_marked(block)) {
    blocks_.make_special(block);
    its = place(block.begin, true);
  } else {
    // A global, on a stack, or in memory of which nothing is known.
    task.reached = Reached::kByProgram;
    task.origin.address = task.object;
  }
  if (its != nullptr) {
    task.next_waiter = its->waiter;
    its->waiter = number;
  }
}

std::uint32_t WaitingTasks::waiting_parent_of(const WaitingTask& child) noexcept {
  const Place* const its = child.parent == 0 ? nullptr : place(child.parent | kTaskKey, false);
  return its != nullptr && its->owner != 0 && tasks_[its->owner - 1].waits_for_children ? its->owner
                                                                                        : 0;
}

bool WaitingTasks::waits_for_live_task(const WaitingTask& task) noexcept {
  if (task.waits_for_children) {
    return !task.has_waiting_child ||
           std::binary_search(live_parents_.begin(), live_parents_.end(), task.id);
  }
  // One that has ended is no reason to believe anything.
  return task.waits_for_task &&
         (std::binary_search(live_ids_.begin(), live_ids_.end(), task.object) ||
          place(task.object | kTaskKey, false)->owner == 0);
}

bool WaitingTasks::collect() noexcept {
  if (!operations_.resize(kOperationSlots)) {
    return false;
  }
  for (const tasks::RawRecord& record : registry_.records()) {
    tasks::RecordCopy copy;
    const tasks::RecordOutcome outcome = tasks::copy_record(record, copy);
    const std::uint64_t state = copy.identity & 0xff;
    if (outcome == tasks::RecordOutcome::kMoved ||
        (outcome == tasks::RecordOutcome::kNotLive && state == detail::kTaskCreated)) {
      // Between two states: it is about to run, or was just made.
      ++live_tasks_;
      add_live(copy.id(), copy.parent(),
               reinterpret_cast<std::uint64_t>(record.top.load(std::memory_order_relaxed)), true);
    } else if (outcome == tasks::RecordOutcome::kSeen) {
      ++live_tasks_;
      add(copy);
    }
  }
  if (!make_places()) {
    return false;
  }
  for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
    connect(tasks_[i], i + 1);
  }
  for (const WaitingTask& task : tasks_) {
    if (const std::uint32_t parent = waiting_parent_of(task); parent != 0) {
      tasks_[parent - 1].has_waiting_child = true;
    }
  }
  std::sort(live_ids_.begin(), live_ids_.end());
  std::sort(live_parents_.begin(), live_parents_.end());
  return !contradicted_;
}

void WaitingTasks::follow(std::uint32_t number, Reached how, const Origin& origin) noexcept {
  WaitingTask& task = tasks_[number - 1];
  if (!task.followed) {
    task.followed = true;
    task.reached = how;
    task.origin = origin;
    followed_.push({number, origin});
  }
}

void WaitingTasks::follow_waiters(std::uint32_t first, const Origin& origin) noexcept {
  for (std::uint32_t number = first; number != 0; number = tasks_[number - 1].next_waiter) {
    follow(number, derived(), origin);
  }
}

void WaitingTasks::finish_following() noexcept {
  while (!followed_.empty()) {
    const Followed next = followed_.pop();
    const WaitingTask& task = tasks_[next.number - 1];
    for (std::uint32_t i = 0; i < task.frames; ++i) {
      const Block& frame = frames_[task.first_frame + i];
      marker_.add_block(frame);
      // Others may wait for something in it.
      follow_waiters(place(frame.begin, false)->waiter, next.origin);
    }
    const Origin by_task{.kind = Origin::Kind::kLiveTask, .address = task.id};
    follow_waiters(place(task.id | kTaskKey, false)->waiter, by_task);
    if (const std::uint32_t parent = waiting_parent_of(task); parent != 0) {
      follow(parent, derived(), by_task);
    }
  }
}

bool WaitingTasks::on_special(void* context, const Block& block, const Origin& origin) {
  auto& self = *static_cast<WaitingTasks*>(context);
  const Place& its = *self.place(block.begin, false);
  self.follow_waiters(its.waiter, origin);
  if (its.owner != 0) {
    WaitingTask& task = self.tasks_[its.owner - 1];
    if (self.second_phase_) {
      self.follow(its.owner, Reached::kFromOthersOnly, origin);
    } else if (!task.frame_reached && !task.followed) {
      task.frame_reached = true;
      task.origin = origin;
    }
  }
  self.finish_following();
  return its.owner == 0;  // A frame is read when its task is followed.
}

void WaitingTasks::follow_live_tasks() noexcept {
  for (const Block& frame : live_frames_) {
    marker_.add_block(frame);
    if (blocks_.is_special(frame)) {
      follow_waiters(place(frame.begin, false)->waiter, {.kind = Origin::Kind::kLiveTask});
    }
  }
  for (std::uint32_t number = 1; number <= tasks_.size(); ++number) {
    const WaitingTask& task = tasks_[number - 1];
    if (task.reached == Reached::kByProgram) {
      follow(number, Reached::kByProgram, task.origin);
    } else if (waits_for_live_task(task)) {
      follow(
          number, Reached::kByProgram,
          {.kind = Origin::Kind::kLiveTask, .address = task.waits_for_children ? 0 : task.object});
    }
  }
  finish_following();
}

void WaitingTasks::decide() noexcept {
  marker_.run();
  // Who holds frames might still resume them, although he has not what they wait for.
  second_phase_ = true;
  for (std::uint32_t number = 1; number <= tasks_.size(); ++number) {
    const WaitingTask& task = tasks_[number - 1];
    if (task.frame_reached) {
      follow(number, Reached::kFrameOnly, task.origin);
    }
  }
  finish_following();
  marker_.run();
}

std::uint64_t WaitingTasks::owner_of(std::uint64_t address) const noexcept {
  const Block block = blocks_.find(address);
  if (!block || !blocks_.is_special(block)) {
    return 0;
  }
  const std::size_t mask = places_.size() - 1;
  for (std::size_t at = mix(block.begin) & mask; places_[at].block != 0; at = (at + 1) & mask) {
    if (places_[at].block == block.begin) {
      const std::uint32_t owner = places_[at].owner;
      return owner == 0 ? 0 : tasks_[owner - 1].id;
    }
  }
  return 0;
}

}  // namespace xgops::proof
