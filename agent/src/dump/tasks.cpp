// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
#include "dump/tasks.hpp"

#include "dump/system.hpp"
#include "tasks/operation_rules.hpp"

namespace xgops::dump {
namespace {

using detail::TaskNode;
using detail::TaskNodeWithFunction;

constexpr auto kAcquire = std::memory_order_acquire;
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

unsigned state_of(std::uint64_t identity) noexcept {
  return static_cast<unsigned>(identity & 0xff);
}

}  // namespace

bool Tasks::read_node(std::uint64_t address, std::uint64_t& caller, Site& site) noexcept {
  site = {};
  if (address % alignof(TaskNode) == 0 &&
      places_.frames->contains(address, sizeof(TaskNodeWithFunction))) {
    // What the arena holds stays readable for ever.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are what nodes hold.
    const auto& node = *reinterpret_cast<const TaskNode*>(address);
    caller = reinterpret_cast<std::uint64_t>(node.caller.load(kAcquire));
    site.location = node.location.load(kAcquire);
    if ((site.location >> CodeLocation::kLineShift) != 0) {
      site.function = static_cast<const TaskNodeWithFunction&>(node).function.load(kAcquire);
    }
    return true;
  }
  // A large frame, or one with an allocator of its own.
  std::array<std::uint64_t, sizeof(TaskNodeWithFunction) / 8> words{};
  // The fourth word may lie beyond the end of what is mapped.
  if (memory_.copy(address, words.data(), sizeof words) < sizeof(TaskNode)) {
    return false;
  }
  caller = words[1];
  site.location = words[2];
  site.function = (words[2] >> CodeLocation::kLineShift) != 0 ? words[3] : 0;
  return true;
}

void Tasks::follow(std::uint64_t node, Sighting& seen) noexcept {
  seen.frames = 0;
  seen.partial = false;
  // Garbage may lead in a circle.
  for (std::size_t steps = 0; node != 0; ++steps) {
    Site site;
    if (steps == 2 * kMaxFrames || seen.frames == kMaxFrames || !read_node(node, node, site)) {
      seen.partial = true;
      return;
    }
    if (site.location != TaskNode::kHidden) {
      sites_[seen.frames++] = site;
    }
  }
}

Tasks::Outcome Tasks::read(const Record& record, Sighting& seen) noexcept {
  const std::uint32_t sequence = record.sequence.load(kAcquire);
  seen.identity = record.identity.load(kAcquire);
  const unsigned state = state_of(seen.identity);
  if (seen.identity >> detail::kIdShift == 0 || state == detail::kTaskFree ||
      state == detail::kTaskFinished) {
    return Outcome::kNotLive;
  }
  const bool open = (sequence & 1U) != 0;
  const bool running = state == detail::kTaskRunning;
  if (open != running) {
    // Being created: it does not exist yet. Else it is between two states.
    return state == detail::kTaskCreated ? Outcome::kNotLive : Outcome::kMoved;
  }
  seen.parent = record.parent.load(kAcquire) & detail::kParentIdMask;
  seen.resumed = record.resumed.load(kAcquire);
  seen.created_at = record.created_at.load(kAcquire);
  seen.since = record.since.load(kAcquire);
  seen.details = record.details.load(kAcquire);
  seen.argument = record.argument.load(kAcquire);
  seen.operation = state == detail::kTaskWaiting ? record.context.load(kAcquire) : 0;
  follow(reinterpret_cast<std::uint64_t>(record.top.load(kAcquire)), seen);
  const bool unchanged = record.sequence.load(std::memory_order_relaxed) == sequence;
  // The chain of a task that runs moves without a sign; that of the calling thread is stopped.
  seen.moving = !unchanged || (running && seen.argument != static_cast<std::uint32_t>(own_tid_));
  return unchanged ? Outcome::kSeen : Outcome::kMoved;
}

void Tasks::write_place(const Site& site, LineWriter& lines) noexcept {
  std::uint64_t file = 0;
  std::uint64_t function = site.function;
  std::uint64_t line = site.location >> CodeLocation::kLineShift;
  if (line != 0) {
    file = site.location & ((std::uint64_t{1} << CodeLocation::kLineShift) - 1);
  } else {
    // As libstdc++ and libc++ lay out std::source_location::__impl.
    struct {
      std::uint64_t file;
      std::uint64_t function;
      std::uint32_t line;
      std::uint32_t column;
    } record{};
    if (site.location == 0 ||
        memory_.copy(site.location, &record, sizeof record) != sizeof record) {
      return;
    }
    file = record.file;
    function = record.function;
    line = record.line;
  }
  lines.text("file", {text_.data(), memory_.copy_text(file, text_.data(), text_.size())})
      .number("line", line);
  if (function != 0) {
    lines.text("function", {text_.data(), memory_.copy_text(function, text_.data(), text_.size())});
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
  if (seen.operation == 0 ||
      memory_.copy(seen.operation, &operation, sizeof operation) != sizeof operation) {
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
  switch ((seen.identity >> 8) & 0xff) {
    case detail::kArgumentDescriptor:
      lines.number("fd", seen.argument);
      break;
    case detail::kArgumentExpiry:
      lines.signed_number("expires_ns", static_cast<std::int64_t>(seen.argument) - now_ns());
      break;
    case detail::kArgumentHolder: {
      std::uint64_t holder = 0;
      lines.hex("at", seen.argument);
      if (memory_.copy(seen.argument, &holder, sizeof holder) == sizeof holder && holder != 0) {
        lines.number((holder & Holder::kThread) != 0 ? "held_by_thread" : "held_by_task",
                     holder & ~Holder::kThread);
      }
      break;
    }
    case detail::kArgumentObject:
    case detail::kArgumentHolderSet:
      lines.hex("at", seen.argument);
      break;
    case detail::kArgumentTask:
      lines.number("waits_for_task", seen.argument);
      break;
    case detail::kArgumentCount:
      lines.number("operations", seen.argument);
      break;
    default:
      break;
  }
}

void Tasks::write_task(const Sighting& seen, LineWriter& lines) noexcept {
  const unsigned state = state_of(seen.identity);
  const std::uint64_t id = seen.identity >> detail::kIdShift;
  lines.begin("task")
      .number("id", id)
      .number("parent", seen.parent)
      .text("state", state < kStates.size() ? kStates[state] : "free")
      .text("status", seen.partial  ? "partial"
                      : seen.moving ? "moving"
                                    : "exact")
      .number("resumed", seen.resumed);
  if (state == detail::kTaskRunning) {
    lines.number("tid", seen.argument & 0xffffffff);
  } else {
    const std::uint32_t ticks = coarse_ticks() - seen.since;
    constexpr std::uint32_t kFuture = 0xff000000;  // It was noted after the clock was read.
    lines.number("age_ns", ticks >= kFuture
                               ? 0
                               : std::uint64_t{ticks} * (1'000'000'000 / detail::kTicksPerSecond));
  }
  write_wait(seen, lines);
  tasks::Details details;
  if (seen.details != 0 && places_.details != nullptr &&
      places_.details->read(seen.details, details) && details.name[0] != '\0') {
    lines.text("name", details.name.data());
  }
  lines.end();
  if (seen.created_at != 0) {
    lines.begin("created").number("task", id);
    write_place({seen.created_at, 0}, lines);
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
  for (std::uint64_t at = begin; begin != 0 && end - at >= sizeof(Record); at += sizeof(Record)) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): there may be no arena to point into.
    const auto& record = *reinterpret_cast<const Record*>(at);
    Sighting seen;
    Outcome outcome = Outcome::kMoved;
    for (int i = 0; i < kTries && outcome == Outcome::kMoved; ++i) {
      outcome = read(record, seen);
    }
    if (outcome == Outcome::kNotLive) {
      continue;
    }
    ++totals_.total;
    const bool running = state_of(seen.identity) == detail::kTaskRunning;
    totals_.running += running ? 1 : 0;
    // A running task may move for as long as we look: its chain is what was there at the time.
    if (outcome == Outcome::kMoved && !running) {
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
