// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
#include "dump/workspace.hpp"

#include "dump/system.hpp"

#include <unistd.h>

namespace xgops::dump {
namespace {

constexpr std::uint64_t kFormatVersion = 1;

std::string_view text_of(std::span<const char> bytes) noexcept {
  std::size_t length = 0;
  while (length < bytes.size() && bytes[length] != '\0') {
    ++length;
  }
  return {bytes.data(), length};
}

/// The registers of the caller, roughly: enough to walk its stack.
[[gnu::noinline]] unwind::Registers own_registers() noexcept {
  unwind::Registers registers;
  std::uint64_t stack_pointer = 0;
  std::uint64_t frame_pointer = 0;
  std::uint64_t instruction_pointer = 0;
  asm volatile("lea 0(%%rip), %0\n mov %%rsp, %1\n mov %%rbp, %2"
               : "=r"(instruction_pointer), "=r"(stack_pointer), "=r"(frame_pointer));
  registers.set(unwind::kRsp, stack_pointer);
  registers.set(unwind::kRbp, frame_pointer);
  registers.set(unwind::kReturnAddress, instruction_pointer);
  return registers;
}

}  // namespace

Workspace::Workspace(const Settings& settings) noexcept
    : settings_(settings), threads_(memory_), tasks_(memory_) {
  threads_.prepare(settings_.capture_signal);
  tasks_.prepare(settings_.tasks);
}

void Workspace::warm_up() noexcept {
  lines_.start(-1, own_pid(), 0, now_ns() + kPatienceNs);
  modules_.read(memory_, lines_);
  threads_.use(modules_);
  threads_.write_own(own_tid(), own_registers(), lines_);
  tasks_.write(own_tid(), 0, lines_);
  lines_.flush();
  threads_.reset();
  memory_.close();
}

long Workspace::open_output(std::int32_t pid) noexcept {
  const std::string_view pattern = text_of(settings_.path);
  if (pattern.empty()) {
    return STDERR_FILENO;
  }
  std::size_t length = 0;
  const auto put = [&](char character) {
    if (length + 1 < path_.size()) {
      path_[length++] = character;
    }
  };
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      put(pattern[i]);
    } else if (pattern[++i] != 'p') {
      put(pattern[i]);  // %% and what has no meaning.
    } else {
      std::array<char, 12> digits{};
      std::size_t count = 0;
      for (auto rest = static_cast<std::uint32_t>(pid); rest != 0; rest /= 10) {
        digits[count++] = static_cast<char>('0' + rest % 10);
      }
      while (count > 0) {
        put(digits[--count]);
      }
    }
  }
  path_[length] = '\0';
  // Without waiting, should it be a pipe that nobody reads.
  return open_at(AT_FDCWD, path_.data(),
                 O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
}

void Workspace::write_fault(const Fault& fault, LineWriter& lines) noexcept {
  lines.number("signal", static_cast<std::uint64_t>(fault.signal))
      .signed_number("code", fault.code);
  if (fault.code > 0) {
    lines.hex("address", fault.address);
  } else {
    lines.number("sender", static_cast<std::uint64_t>(fault.sender));
  }
}

void Workspace::write_head(const Occasion& occasion, std::int32_t pid) noexcept {
  lines_.begin("begin")
      .number("version", kFormatVersion)
      .number("pid", static_cast<std::uint64_t>(pid))
      .number("tid", static_cast<std::uint64_t>(occasion.tid))
      .text("cause", occasion.is_crash ? "crash" : "request");
  write_fault(*occasion.fault, lines_);
  lines_.number("time_ns", static_cast<std::uint64_t>(clock_ns(CLOCK_REALTIME)))
      .text("agent", text_of(settings_.version))
      .text("program", text_of(settings_.program))
      .end();
}

void Workspace::write_other_faults(const Occasion& occasion) noexcept {
  for (const Fault& other : occasion.others) {
    const std::int32_t tid = other.tid.load(std::memory_order_acquire);
    if (tid != 0 && tid != occasion.tid) {
      lines_.begin("fault").number("tid", static_cast<std::uint64_t>(tid));
      write_fault(other, lines_);
      lines_.end();
    }
  }
}

void Workspace::write(const Occasion& occasion) noexcept {
  const std::int64_t started = now_ns();
  const std::int64_t deadline = started + kPatienceNs;
  // The reading ends early enough for what was read to be written.
  const std::int64_t read_deadline = started + kPatienceNs / 2;
  const std::int32_t pid = own_pid();
  const MoreDescriptors more_descriptors;
  const long output = open_output(pid);
  if (output < 0) {
    return;
  }
  lines_.start(static_cast<int>(output), pid, ++count_, deadline);
  threads_.reset();
  write_head(occasion, pid);
  memory_.forget();
  if (!modules_.read(memory_, lines_)) {
    lines_.begin("note").text("text", "the mappings cannot be read: no modules").end();
  }
  if (modules_.left_out() > 0) {
    lines_.begin("note").text("text", "there are too many modules: some are missing").end();
  }
  threads_.use(modules_);
  threads_.write_own(occasion.tid, occasion.fault->registers, lines_);
  // What is most wanted is out, whatever happens to the rest.
  lines_.flush();
  threads_.write_others(occasion.tid, occasion.agent_tid, occasion.others, read_deadline, lines_);
  // A thread that crashed since the dump began waits for its end: what happened to it is known now.
  write_other_faults(occasion);
  tasks_.write(occasion.tid, read_deadline, lines_);
  const ThreadTotals& threads = threads_.totals();
  const TaskTotals& tasks = tasks_.totals();
  lines_.begin("end")
      .number("threads", threads.written)
      .number("ended", threads.ended)
      .number("interrupted", threads.interrupted)
      .number("threads_truncated", threads.truncated ? 1 : 0)
      .number("tasks", tasks.total)
      .number("tasks_running", tasks.running)
      .number("tasks_changed", tasks.changed)
      .number("tasks_truncated", tasks.truncated ? 1 : 0)
      .number("elapsed_ns", static_cast<std::uint64_t>(now_ns() - started))
      .end();
  lines_.flush();
  memory_.close();
  if (output != STDERR_FILENO) {
    call(SYS_close, output);
  }
}

void Workspace::write_without_signal() noexcept {
  Fault none;
  none.registers = own_registers();
  Occasion occasion;
  occasion.tid = own_tid();
  occasion.fault = &none;
  occasion.agent_tid = occasion.tid;
  write(occasion);
}

}  // namespace xgops::dump
