// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
#include "dump/threads.hpp"

#include "dump/system.hpp"
#include "dump/text_parts.hpp"

#include <cstring>

#include <dirent.h>
#include <errno.h>

namespace xgops::dump {
namespace {

constexpr int kAttempts = 3;

char parse_state(std::string_view stat) noexcept {
  // The name may itself contain ") ", so the last parenthesis is the only safe delimiter (proc(5)).
  for (std::size_t at = stat.size(); at-- > 0;) {
    if (stat[at] == ')') {
      return at + 2 < stat.size() ? stat[at + 2] : '?';
    }
  }
  return '?';
}

}  // namespace

void Threads::use(const Modules& modules) noexcept {
  unwinder_.set_modules(modules.table());
  auto& request = signal_safe::g_dump_capture;
  const auto ranges = modules.stack_ranges();
  request.slots = slots_.data();
  request.pid.store(own_pid(), std::memory_order_relaxed);
  request.range_count.store(0, std::memory_order_release);
  request.ranges.store(ranges.data(), std::memory_order_release);
  request.range_count.store(ranges.size(), std::memory_order_release);
}

std::string_view Threads::read_file(std::int32_t tid, std::string_view name,
                                    std::span<char> buffer) noexcept {
  std::array<char, 48> path{};
  std::array<char, 12> digits{};
  std::size_t count = 0;
  for (auto rest = static_cast<std::uint32_t>(tid); rest != 0 || count == 0; rest /= 10) {
    digits[count++] = static_cast<char>('0' + rest % 10);
  }
  std::size_t length = 0;
  while (count > 0) {
    path[length++] = digits[--count];
  }
  path[length++] = '/';
  std::memcpy(&path[length], name.data(), name.size());
  const File file(open_at(directory_, path.data(), O_RDONLY));
  return file ? std::string_view(buffer.data(), file.read(buffer.data(), buffer.size()))
              : std::string_view();
}

void Threads::walk(const unwind::Registers& registers, Facts& facts) noexcept {
  const unwind::Walk walk = unwinder_.walk(registers, frames_);
  facts.frames = walk.frames;
  facts.truncated = walk.end == unwind::WalkEnd::kMaxFrames;
  facts.reason = unwind::why_incomplete(walk.end);
  if (facts.reason.empty() && walk.inferred) {
    facts.reason = "some frames are inferred";
  }
  facts.status = facts.reason.empty() ? "exact" : "partial";
}

bool Threads::read_schedule(Facts& facts, std::uint64_t& times) noexcept {
  std::string_view text = read_file(facts.tid, "schedstat", text_);
  const std::string_view cpu = next_word(text);
  next_word(text);  // Time spent waiting for a CPU.
  return parse_number(cpu, 10, facts.cpu_ns) && parse_number(next_word(text), 10, times);
}

Threads::Attempt Threads::attempt(Facts& facts) noexcept {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  facts.frames = 0;
  if (!read_schedule(facts, before)) {
    return read_file(facts.tid, "comm", text_).empty() ? Attempt::kGone : Attempt::kNotReadable;
  }
  facts.state = parse_state(read_file(facts.tid, "stat", text_));
  std::string_view text = read_file(facts.tid, "syscall", text_);
  const std::string_view first = next_word(text);
  if (first == "running" || facts.state == 'R') {
    return Attempt::kRunning;
  }
  unwind::Registers registers;
  std::uint64_t value = 0;
  facts.call = -1;
  if (parse_number(first, 10, value)) {
    facts.call = static_cast<std::int64_t>(value);
    // The kernel preserves a system call's argument registers.
    constexpr std::array<unwind::RegisterNumber, 6> kOrder{unwind::kRdi, unwind::kRsi, unwind::kRdx,
                                                           unwind::kR10, unwind::kR8,  unwind::kR9};
    for (std::size_t i = 0; i < kOrder.size(); ++i) {
      if (!parse_number(next_word(text), 16, facts.arguments[i])) {
        return Attempt::kNotReadable;
      }
      registers.set(kOrder[i], facts.arguments[i]);
    }
  } else if (first != "-1") {
    return first.empty() && read_file(facts.tid, "comm", text_).empty() ? Attempt::kGone
                                                                        : Attempt::kNotReadable;
  }
  std::uint64_t stack_pointer = 0;
  std::uint64_t instruction_pointer = 0;
  if (!parse_number(next_word(text), 16, stack_pointer) ||
      !parse_number(next_word(text), 16, instruction_pointer)) {
    return Attempt::kNotReadable;
  }
  memory_.forget();
  if (stack_pointer == 0) {
    const bool ended = facts.state == 'Z' || facts.state == 'X';
    // Else a worker of the kernel, which has no stack here and shows the call that made it.
    facts.call = -1;
    facts.status = ended ? "unavailable" : "exact";
    facts.reason = ended ? "the thread has ended" : "";
    return Attempt::kDone;
  }
  registers.set(unwind::kRsp, stack_pointer);
  registers.set(unwind::kReturnAddress, instruction_pointer);
  walk(registers, facts);
  facts.method = "read";
  if (!read_schedule(facts, after)) {
    return Attempt::kGone;
  }
  return before == after ? Attempt::kDone : Attempt::kMoved;
}

std::string_view Threads::reason_not_to_signal(std::int32_t tid) noexcept {
  if (capture_signal_ <= 0) {
    return "running, and no signal may be used";
  }
  const std::string_view status = read_file(tid, "status", text_);
  const std::size_t blocked_at = find_part(status, "\nSigBlk:");
  const std::size_t seccomp_at = find_part(status, "\nSeccomp:");
  std::uint64_t blocked = 0;
  constexpr std::size_t kLabelBytes = 8;
  if (blocked_at == std::string_view::npos) {
    return "running, and its signal mask cannot be read";
  }
  std::string_view rest(status.data() + blocked_at + kLabelBytes,
                        status.size() - blocked_at - kLabelBytes);
  if (!parse_number(next_word(rest), 16, blocked) ||
      (blocked >> static_cast<unsigned>(capture_signal_ - 1) & 1U) != 0) {
    return "running, and it blocks the capture signal";
  }
  if (seccomp_at != std::string_view::npos) {
    rest = {status.data() + seccomp_at + kLabelBytes + 1,
            status.size() - seccomp_at - kLabelBytes - 1};
    if (next_word(rest) == "1") {
      return "running under strict seccomp, where a signal handler's return would kill it";
    }
  }
  return "";
}

bool Threads::ask_by_signal(Facts& facts, std::int64_t deadline_ns) noexcept {
  using signal_safe::SlotState;
  using signal_safe::Ticket;
  std::uint32_t index = 0;
  // A slot in which a handler got stuck is left out.
  while (index < slots_.size() && Ticket::state(slots_[index].ticket.load(
                                      std::memory_order_acquire)) == SlotState::kWriting) {
    ++index;
  }
  if (index == slots_.size()) {
    return false;
  }
  signal_safe::CaptureSlot& slot = slots_[index];
  ++generation_;
  slot.ticket.store(Ticket::make(generation_, SlotState::kRequested), std::memory_order_release);
  siginfo_t info{};
  info.si_signo = capture_signal_;
  info.si_code = SI_QUEUE;
  info.si_pid = own_pid();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the value that a signal carries is typed so.
  info.si_value.sival_ptr = reinterpret_cast<void*>(signal_safe::signal_value(
      generation_, static_cast<std::uint32_t>(signal_safe::kSlotCount) + index));
  if (call(SYS_rt_tgsigqueueinfo, info.si_pid, facts.tid, capture_signal_, &info) != 0) {
    slot.ticket.store(0, std::memory_order_release);
    return false;
  }
  constexpr std::int64_t kPatienceNs = 100'000'000;
  constexpr std::int64_t kLongestPauseNs = 1'000'000;
  const std::int64_t until =
      now_ns() + kPatienceNs < deadline_ns ? now_ns() + kPatienceNs : deadline_ns;
  const auto is_ready = [&slot] {
    return Ticket::state(slot.ticket.load(std::memory_order_acquire)) == SlotState::kReady;
  };
  for (std::int64_t pause = 20'000; !is_ready() && now_ns() < until;) {
    pause_ns(pause);
    pause = pause * 2 < kLongestPauseNs ? pause * 2 : kLongestPauseNs;
  }
  if (!is_ready()) {
    // Take the request back; a handler that comes later finds no ticket of its generation.
    std::uint64_t expected = Ticket::make(generation_, SlotState::kRequested);
    slot.ticket.compare_exchange_strong(expected, 0, std::memory_order_acq_rel);
    if (!is_ready()) {
      return false;
    }
  }
  ++totals_.interrupted;
  unwind::Registers registers;
  for (std::size_t number = 0; number < unwind::kRegisterCount; ++number) {
    registers.set(number, slot.registers[number]);
  }
  const std::size_t copied =
      slot.copied_bytes < slot.stack.size() ? slot.copied_bytes : slot.stack.size();
  memory_.forget();
  memory_.use_copy(registers.stack_pointer(), std::span(slot.stack).first(copied));
  walk(registers, facts);
  facts.method = "signal";
  if (memory_.read_past_copy()) {
    facts.status = "partial";
    facts.reason = "running on a deep or private stack: its outer frames were read a moment later";
  }
  memory_.forget();
  slot.ticket.store(0, std::memory_order_release);
  return true;
}

void Threads::read_other(Facts& facts, std::int64_t deadline_ns, LineWriter& lines) noexcept {
  Attempt result = Attempt::kMoved;
  for (int i = 0; i < kAttempts && result == Attempt::kMoved; ++i) {
    result = attempt(facts);
  }
  if (result == Attempt::kRunning || result == Attempt::kMoved) {
    facts.state = 'R';
    facts.call = -1;
    facts.frames = 0;
    facts.status = "unavailable";
    facts.method = "none";
    facts.reason = reason_not_to_signal(facts.tid);
    if (facts.reason.empty() && !ask_by_signal(facts, deadline_ns)) {
      // It may have gone to sleep meanwhile, and then it can be read after all.
      result = attempt(facts);
      if (result != Attempt::kDone) {
        facts.frames = 0;
        facts.state = 'R';
        facts.call = -1;
        facts.status = "unavailable";
        facts.method = "none";
        facts.reason = "runnable, but it did not answer";
      }
    }
  } else if (result == Attempt::kNotReadable) {
    facts.status = "unavailable";
    facts.method = "none";
    facts.reason = "/proc hides the thread's system call";
  }
  if (result == Attempt::kGone) {
    ++totals_.ended;
    return;
  }
  write(facts, lines);
}

void Threads::write(const Facts& facts, LineWriter& lines) noexcept {
  std::array<char, 64> name{};
  std::string_view comm = read_file(facts.tid, "comm", name);
  if (!comm.empty() && comm.back() == '\n') {
    comm.remove_suffix(1);
  }
  lines.begin("thread")
      .number("tid", static_cast<std::uint64_t>(facts.tid))
      .text("name", comm)
      .text("state", {&facts.state, 1})
      .text("status", facts.status)
      .text("method", facts.method.empty() ? "none" : facts.method)
      .number("cpu_ns", facts.cpu_ns);
  if (facts.call >= 0) {
    lines.number("call", static_cast<std::uint64_t>(facts.call));
    constexpr std::array<std::string_view, 6> kKeys{"a0", "a1", "a2", "a3", "a4", "a5"};
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      lines.hex(kKeys[i], facts.arguments[i]);
    }
  }
  if (facts.is_agent) {
    lines.number("agent", 1);
  }
  if (facts.truncated) {
    lines.number("truncated", 1);
  }
  if (!facts.reason.empty()) {
    lines.text("reason", facts.reason);
  }
  lines.end();
  ++totals_.written;
  constexpr std::size_t kFrameBytes = 20;
  for (std::size_t i = 0; i < facts.frames;) {
    lines.begin("frames").number("tid", static_cast<std::uint64_t>(facts.tid));
    for (; i < facts.frames && lines.has_room(kFrameBytes); ++i) {
      lines.address(frames_[i].instruction_pointer, frames_[i].exact_pointer ? '!' : '\0',
                    frames_[i].inferred ? '~' : '\0');
    }
    lines.end();
  }
}

void Threads::write_stopped(std::int32_t tid, const unwind::Registers& registers,
                            LineWriter& lines) noexcept {
  Facts facts;
  facts.tid = tid;
  facts.state = 'R';
  facts.method = "signal";
  std::uint64_t times = 0;
  read_schedule(facts, times);
  memory_.forget();
  walk(registers, facts);
  write(facts, lines);
}

void Threads::write_own(std::int32_t tid, const unwind::Registers& registers,
                        LineWriter& lines) noexcept {
  const File directory(open_at(AT_FDCWD, "/proc/thread-self/..", O_PATH | O_DIRECTORY));
  directory_ = directory.get();
  write_stopped(tid, registers, lines);
  directory_ = -1;
}

void Threads::write_others(std::int32_t own_tid, std::int32_t agent_tid,
                           std::span<const Fault> faults, std::int64_t deadline_ns,
                           LineWriter& lines) noexcept {
  const File directory(open_at(AT_FDCWD, "/proc/thread-self/..", O_RDONLY | O_DIRECTORY));
  directory_ = directory.get();
  const auto fault_of = [faults](std::int32_t tid) -> const Fault* {
    for (const Fault& fault : faults) {
      if (fault.tid.load(std::memory_order_acquire) == tid) {
        return &fault;
      }
    }
    return nullptr;
  };
  for (;;) {
    const long bytes =
        call(SYS_getdents64, directory.get(), directory_entries_.data(), directory_entries_.size());
    if (bytes <= 0) {
      break;
    }
    for (long at = 0; at < bytes;) {
      const char* const record = directory_entries_.data() + at;
      std::uint16_t record_bytes = 0;
      std::memcpy(&record_bytes, record + offsetof(dirent64, d_reclen), sizeof record_bytes);
      std::uint64_t tid = 0;
      std::string_view name(record + offsetof(dirent64, d_name));
      at += record_bytes;
      if (!parse_number(name, 10, tid) || tid == static_cast<std::uint64_t>(own_tid)) {
        continue;
      }
      if (totals_.written >= kMaxThreads || now_ns() > deadline_ns || lines.is_full()) {
        totals_.truncated = true;
        directory_ = -1;
        return;
      }
      if (const Fault* const fault = fault_of(static_cast<std::int32_t>(tid))) {
        write_stopped(fault->tid.load(std::memory_order_relaxed), fault->registers, lines);
        continue;
      }
      Facts facts;
      facts.tid = static_cast<std::int32_t>(tid);
      facts.is_agent = facts.tid == agent_tid;
      read_other(facts, deadline_ns, lines);
    }
  }
  directory_ = -1;
}

}  // namespace xgops::dump
