// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
#include "dump/tasks.hpp"

#include "dump/system.hpp"
#include "tasks/frame_blocks.hpp"
#include "tasks/operation_rules.hpp"

namespace xgops::dump {
namespace {

using tasks::RawRecord;
using tasks::RecordOutcome;

constexpr int kTries = 4;

constexpr std::array<std::string_view, 5> kStates{"free", "created", "running", "waiting",
                                                  "finished"};

/// As `detail::coarse_ticks`, without the C library.
std::uint32_t coarse_ticks() noexcept {
  const auto ns = static_cast<std::uint64_t>(clock_ns(CLOCK_MONOTONIC_COARSE));
  constexpr std::uint64_t kTickNanoseconds = 1'000'000'000 / detail::kTicksPerSecond;
  return static_cast<std::uint32_t>(ns / 1'000'000'000 * detail::kTicksPerSecond) +
         static_cast<std::uint32_t>(ns % 1'000'000'000 / kTickNanoseconds);
}

/// Reads the program's memory for those of tasks/.
auto copier(SafeMemory& memory) noexcept {
  return [&memory](std::uint64_t address, void* to, std::size_t bytes) {
    return memory.copy(address, to, bytes);
  };
}

}  // namespace

void Tasks::follow(std::uint64_t node, Sighting& seen) noexcept {
  seen.frames = 0;
  seen.partial = false;
  // Garbage may lead in a circle.
  for (std::size_t steps = 0; node != 0; ++steps) {
    tasks::NodeCopy copy;
    if (steps == 2 * kMaxFrames || seen.frames == kMaxFrames ||
        !copy_node(*places_.frames, node, copier(memory_), copy)) {
      seen.partial = true;
      return;
    }
    if (copy.location != detail::TaskNode::kHidden) {
      sites_[seen.frames++] = {copy.location, copy.function};
    }
    node = copy.caller;
  }
}

RecordOutcome Tasks::read(const RawRecord& record, Sighting& seen) noexcept {
  seen.at = &record;
  const RecordOutcome outcome = copy_record(record, seen.record);
  if (outcome != RecordOutcome::kSeen) {
    return outcome;
  }
  follow(seen.record.top, seen);
  const bool unchanged = tasks::is_unchanged(record, seen.record.sequence);
  // The chain of a task that runs moves without a sign; that of the calling thread is stopped.
  seen.moving = !unchanged || (seen.record.is_running() &&
                               seen.record.argument != static_cast<std::uint32_t>(own_tid_));
  return unchanged ? RecordOutcome::kSeen : RecordOutcome::kMoved;
}

void Tasks::write_place(const Site& site, LineWriter& lines) noexcept {
  const tasks::PlaceAddresses place =
      tasks::place_addresses(site.location, site.function, copier(memory_));
  if (place.file == 0) {
    return;
  }
  lines.text("file", {text_.data(), memory_.copy_text(place.file, text_.data(), text_.size())})
      .number("line", place.line);
  if (place.function != 0) {
    lines.text("function",
               {text_.data(), memory_.copy_text(place.function, text_.data(), text_.size())});
  }
}

void Tasks::write_wait(const Sighting& seen, LineWriter& lines) noexcept {
  // Copied as words: the host's object is const, the copy need not be an object.
  struct {
    std::uint64_t object;
    std::uint64_t name;
    std::uint32_t name_bytes;
    std::uint32_t reason;
  } operation{};
  static_assert(sizeof operation == sizeof(detail::TaskOperation));
  const std::uint64_t at = seen.record.operation;
  const std::uint64_t argument = seen.record.argument;
  if (at == 0 || memory_.copy(at, &operation, sizeof operation) != sizeof operation) {
    return;
  }
  const std::size_t most = operation.name_bytes != 0 && operation.name_bytes < text_.size()
                               ? operation.name_bytes
                               : text_.size();
  const std::string_view name(text_.data(), memory_.copy_text(operation.name, text_.data(), most));
  const std::string_view object(other_.data(),
                                memory_.copy_text(operation.object, other_.data(), other_.size()));
  WaitReason reason = WaitReason::kUnknown;
  if (operation.reason != 0) {
    reason = operation.reason <= static_cast<std::uint32_t>(WaitReason::kLast)
                 ? static_cast<WaitReason>(operation.reason)
                 : WaitReason::kUnknown;
  } else {
    reason = tasks::reason_of_operation(object, name);
  }
  lines.number("reason", static_cast<std::uint64_t>(reason)).text("wait", tasks::words_of(reason));
  // The words say it all, but for what has none of its own.
  const bool needs_name = operation.reason != 0 || reason == WaitReason::kUnknown;
  if (needs_name && !object.empty()) {
    lines.text("object", object);
  }
  if (needs_name && !name.empty()) {
    lines.text("operation", name);
  }
  switch (seen.record.argument_kind()) {
    case detail::kArgumentDescriptor:
      lines.number("fd", argument);
      break;
    case detail::kArgumentExpiry:
      lines.signed_number("expires_ns", static_cast<std::int64_t>(argument) - now_ns());
      break;
    case detail::kArgumentHolder: {
      std::uint64_t holder = 0;
      lines.hex("at", argument);
      if (memory_.copy(argument, &holder, sizeof holder) == sizeof holder && holder != 0) {
        lines.number((holder & Holder::kThread) != 0 ? "held_by_thread" : "held_by_task",
                     holder & ~Holder::kThread);
      }
      break;
    }
    case detail::kArgumentObject:
    case detail::kArgumentHolderSet:
      lines.hex("at", argument);
      break;
    case detail::kArgumentTask:
      lines.number("waits_for_task", argument);
      break;
    case detail::kArgumentCount:
      lines.number("operations", argument);
      break;
    default:
      break;
  }
}

void Tasks::write_task(const Sighting& seen, LineWriter& lines) noexcept {
  const tasks::RecordCopy& record = seen.record;
  const auto state = static_cast<std::size_t>(record.state());
  const std::uint64_t id = record.id();
  lines.begin("task")
      .number("id", id)
      .number("parent", record.parent())
      .text("state", state < kStates.size() ? kStates[state] : "free")
      .text("status", seen.partial  ? "partial"
                      : seen.moving ? "moving"
                                    : "exact")
      .number("resumed", record.resumed);
  if (record.is_running()) {
    lines.number("tid", record.argument & 0xffffffff);
    if (const auto body = tasks::resume_function(*places_.frames, record.top, copier(memory_));
        body != 0) {
      lines.hex("body", body);
    }
  } else {
    const std::uint32_t ticks = coarse_ticks() - record.since;
    constexpr std::uint32_t kFuture = 0xff000000;  // It was noted after the clock was read.
    lines.number("age_ns", ticks >= kFuture
                               ? 0
                               : std::uint64_t{ticks} * (1'000'000'000 / detail::kTicksPerSecond));
  }
  write_wait(seen, lines);
  tasks::Details details;
  if (places_.details != nullptr && places_.details->read_of(seen.at, id, details) &&
      details.name[0] != '\0') {
    lines.text("name", details.name.data());
  }
  lines.end();
  if (record.created_at != 0) {
    lines.begin("created").number("task", id);
    write_place({record.created_at, 0}, lines);
    lines.end();
  }
  for (std::size_t i = 0; i < seen.frames; ++i) {
    lines.begin("chain").number("task", id);
    write_place(sites_[i], lines);
    lines.end();
  }
}

void Tasks::write(std::int32_t own_tid, std::int64_t deadline_ns, LineWriter& lines) noexcept {
  totals_ = {};
  own_tid_ = own_tid;
  if (places_.records == nullptr || places_.frames == nullptr) {
    return;
  }
  std::uint64_t written = 0;
  const auto begin = reinterpret_cast<std::uint64_t>(places_.records->begin());
  const auto end = reinterpret_cast<std::uint64_t>(places_.records->end());
  for (std::uint64_t at = begin; begin != 0 && end - at >= sizeof(RawRecord);
       at += sizeof(RawRecord)) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): there may be no arena to point into.
    const auto& record = *reinterpret_cast<const RawRecord*>(at);
    Sighting seen;
    RecordOutcome outcome = RecordOutcome::kMoved;
    for (int i = 0; i < kTries && outcome == RecordOutcome::kMoved; ++i) {
      outcome = read(record, seen);
    }
    if (outcome == RecordOutcome::kNotLive) {
      continue;
    }
    ++totals_.total;
    const bool running = seen.record.is_running();
    totals_.running += running ? 1 : 0;
    // A running task may move for as long as we look: its chain is what was there at the time.
    if (outcome == RecordOutcome::kMoved && !running) {
      ++totals_.changed;
    } else if (written == kMaxTasks || lines.is_full() || now_ns() > deadline_ns) {
      totals_.truncated = true;
    } else {
      ++written;
      write_task(seen, lines);
    }
  }
}

}  // namespace xgops::dump
