// SPDX-License-Identifier: MIT
#include "threads/thread_reader.hpp"

#include "support/own_memory.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

constexpr int kAttempts = 3;

std::int64_t steady_now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

unwind::Registers registers_of(const SystemCallFacts& call) {
  unwind::Registers registers;
  registers.set(unwind::kRsp, call.stack_pointer);
  registers.set(unwind::kReturnAddress, call.instruction_pointer);
  if (call.kind == SystemCallFacts::Kind::kBlocked) {
    // The kernel preserves a system call's argument registers.
    constexpr std::array<unwind::RegisterNumber, 6> kOrder{unwind::kRdi, unwind::kRsi, unwind::kRdx,
                                                           unwind::kR10, unwind::kR8,  unwind::kR9};
    for (std::size_t i = 0; i < kOrder.size(); ++i) {
      registers.set(kOrder[i], call.arguments[i]);
    }
  }
  return registers;
}

}  // namespace

ThreadReader::ThreadReader(const TaskFiles& files, const Runtime& runtime, pid_t own_tid,
                           bool shared_fd_table)
    : files_(files),
      runtime_(runtime),
      own_tid_(own_tid),
      shared_fd_table_(shared_fd_table),
      unwinder_(memory_),
      clocks_(files, own_tid) {}

void ThreadReader::begin_capture(std::span<const pid_t> living, std::size_t max_frames) {
  living_ = living;
  frames_.resize(std::max<std::size_t>(max_frames, 1));
  memory_.begin_capture();
  remembered_.begin_capture(living);
  clocks_.begin_capture();
}

Result<bool> ThreadReader::refresh_modules() {
  Result<bool> changed = modules_.refresh(files_, own_tid_, memory_);
  if (changed && *changed) {
    unwinder_.set_modules(modules_.unwind_table());
    remembered_.clear();  // What could not be unwound may be, with what was loaded since.
  }
  return changed;
}

void ThreadReader::read_name(pid_t tid, ThreadFacts& facts) const {
  std::array<char, 64> buffer{};
  std::string_view name = files_.read(tid, "comm", buffer);
  if (name.ends_with('\n')) {
    name.remove_suffix(1);
  }
  facts.name = std::string(name);
}

void ThreadReader::read_facts(pid_t tid, ThreadFacts& facts) {
  facts.tid = tid;
  facts.is_agent = tid == own_tid_;
  if (facts.name.empty()) {
    read_name(tid, facts);  // Of a remembered thread too: others may have changed it.
  }
  if (sleeper_ == nullptr) {
    return;
  }
  if (!sleeper_->last_ran_ns && clocks_.tell()) {
    sleeper_->last_ran_ns = clocks_.last_run(sleeper_->stamp);
  }
  if (sleeper_->last_ran_ns) {
    facts.state_age_ns = std::max<std::int64_t>(steady_now_ns() - *sleeper_->last_ran_ns, 0);
  }
}

void ThreadReader::store_frames(const unwind::Walk& walk,
                                std::span<const unwind::UnwoundFrame> frames,
                                ThreadReading& reading) {
  reading.frames.clear();
  reading.frames.reserve(frames.size());
  for (const unwind::UnwoundFrame& frame : frames) {
    reading.frames.push_back({frame.instruction_pointer, frame.exact_pointer, frame.inferred});
  }
  reading.truncated = walk.end == unwind::WalkEnd::kMaxFrames;
  reading.stack.reason = unwind::why_incomplete(walk.end);
  if (reading.stack.reason.empty() && walk.inferred) {
    reading.stack.reason = "some frames are inferred";
  }
  reading.stack.status = reading.stack.reason.empty() ? StackStatus::kExact : StackStatus::kPartial;
}

void ThreadReader::read_schedule(pid_t tid, RememberedThread& sleeper, std::string& name) const {
  std::array<char, 4096> buffer{};
  const bool interruptible = sleeper.call.kind == SystemCallFacts::Kind::kBlocked &&
                             always_interruptible(sleeper.call.number);
  if (interruptible && !clocks_.tell() && sleeper.call.stack_pointer != 0) {
    sleeper.state = 'S';  // Saves a file that costs 10 us to read.
    return;
  }
  const StatFacts stat = parse_stat(files_.read(tid, "stat", buffer));
  sleeper.state = interruptible ? 'S' : stat.state;
  sleeper.worker = kernel_worker_of(stat, sleeper.call);
  if (clocks_.tell()) {
    if (auto scheduler = parse_sched(files_.read(tid, "sched", buffer))) {
      sleeper.stamp = {stat.cpu, scheduler->last_ran_ns, stat.started_ns};
      name = std::move(scheduler->name);
    }
  }
}

ThreadReader::Attempt ThreadReader::read_sleeper(pid_t tid, const ScheduleFacts& before,
                                                 RememberedThread& sleeper, std::string& name) {
  std::array<char, 256> buffer{};
  sleeper.schedule = before;
  sleeper.max_frames = frames_.size();
  sleeper.call = parse_system_call(files_.read(tid, "syscall", buffer));
  switch (sleeper.call.kind) {
    case SystemCallFacts::Kind::kRunning:
      return Attempt::kRunning;
    case SystemCallFacts::Kind::kUnreadable:
      return files_.exists(tid) ? Attempt::kNotReadable : Attempt::kGone;
    default:
      break;
  }
  read_schedule(tid, sleeper, name);
  if (sleeper.state == 'R') {
    return Attempt::kRunning;
  }
  // A main thread that has ended has neither stack nor memory.
  if (sleeper.call.stack_pointer != 0) {
    memory_.open_stack(sleeper.call.stack_pointer);
    sleeper.walk = unwinder_.walk(registers_of(sleeper.call), frames_);
    sleeper.frames.assign(frames_.begin(),
                          frames_.begin() + static_cast<std::ptrdiff_t>(sleeper.walk.frames));
  }
  return Attempt::kDone;
}

ThreadReader::Attempt ThreadReader::attempt(pid_t tid, ThreadReading& reading) {
  std::array<char, 256> buffer{};
  const support::UniqueFd schedule(files_.open(tid, "schedstat"));
  const auto look = [&]() -> std::optional<ScheduleFacts> {
    const ssize_t bytes = ::pread(schedule.get(), buffer.data(), buffer.size(), 0);
    return bytes <= 0 ? std::nullopt
                      : parse_schedstat({buffer.data(), static_cast<std::size_t>(bytes)});
  };
  const auto before = look();
  if (!before) {
    return files_.exists(tid) ? Attempt::kNotReadable : Attempt::kGone;
  }
  reading.stack.facts.cpu_ns = before->cpu_ns;
  reading.stack.facts.name.clear();
  sleeper_ = remembered_.find(tid, *before, frames_.size());
  if (sleeper_ == nullptr) {
    RememberedThread fresh;
    const Attempt result = read_sleeper(tid, *before, fresh, reading.stack.facts.name);
    if (result != Attempt::kDone) {
      return result;
    }
    sleeper_ = remembered_.remember(tid, std::move(fresh));
  }
  SleepingThread thread;
  thread.tid = tid;
  thread.call = sleeper_->call;
  thread.state = sleeper_->state;
  thread.worker = sleeper_->worker;
  thread.frames = sleeper_->frames;
  const WaitContext context{files_, runtime_, memory_, fresh_memory_, living_, shared_fd_table_};
  reading.stack.facts.wait = find_wait_reason(thread, context);
  reading.stack.facts.state = thread.state;
  memory_.close_stack();
  const auto after = look();
  if (!after) {
    return Attempt::kGone;
  }
  if (after->times_scheduled != before->times_scheduled) {
    return Attempt::kMoved;
  }
  store_frames(sleeper_->walk, sleeper_->frames, reading);
  reading.stack.method = StackMethod::kRead;
  if (thread.worker != KernelWorker::kNone) {
    reading.stack.method = StackMethod::kNone;
    reading.stack.status = StackStatus::kExact;  // No frame is missing.
    reading.stack.reason.clear();
  } else if (thread.call.stack_pointer == 0) {
    reading.stack.method = StackMethod::kNone;
    reading.stack.status = StackStatus::kUnavailable;
    reading.stack.reason = "the thread has ended";
  }
  return Attempt::kDone;
}

KernelWorker ThreadReader::running_worker(pid_t tid, std::string_view name) const {
  // While it runs nothing tells it from what has the same flags on an older kernel, but its name.
  if (!name.starts_with("iou-") && !name.starts_with("vhost-")) {
    return KernelWorker::kNone;
  }
  std::array<char, 1024> buffer{};
  SystemCallFacts call;
  call.kind = SystemCallFacts::Kind::kRunning;
  return kernel_worker_of(parse_stat(files_.read(tid, "stat", buffer)), call);
}

ThreadReading ThreadReader::read(pid_t tid) {
  ThreadReading reading;
  ThreadFacts& facts = reading.stack.facts;
  if (tid == own_tid_) {
    read_own(reading);
    return reading;
  }
  sleeper_ = nullptr;
  Attempt result = Attempt::kMoved;
  for (int i = 0; i < kAttempts && result == Attempt::kMoved; ++i) {
    result = attempt(tid, reading);
  }
  if (result == Attempt::kGone) {
    return reading;
  }
  const bool running = result == Attempt::kRunning || result == Attempt::kMoved;
  if (running) {
    sleeper_ = nullptr;
  }
  read_facts(tid, facts);
  if (facts.name.empty() && !files_.exists(tid)) {
    return reading;
  }
  if (running) {
    facts.state = 'R';
    if (const KernelWorker worker = running_worker(tid, facts.name);
        worker != KernelWorker::kNone) {
      reading.outcome = ReadOutcome::kDone;
      reading.stack.status = StackStatus::kExact;
      facts.wait = Wait{};
      facts.wait.reason = WaitReason::kRunning;
      facts.wait.detail = "kernel worker";
      return reading;
    }
    reading.outcome = ReadOutcome::kRunning;
    facts.wait = Wait{};
    facts.wait.reason = WaitReason::kRunning;
    reading.frames.clear();
    return reading;
  }
  reading.outcome = ReadOutcome::kDone;
  if (result == Attempt::kNotReadable) {
    std::array<char, 512> buffer{};
    facts.state = parse_stat(files_.read(tid, "stat", buffer)).state;
    if (facts.state == 'Z' || facts.state == 'X') {
      facts.wait.reason = WaitReason::kExited;
      reading.stack.reason = "the thread has ended";
    } else {
      facts.wait.detail = "the kernel hides this thread's system call from the process";
      reading.stack.reason =
          "the process changed its user and is not dumpable: start it with XGOPS_DUMPABLE=1";
    }
    reading.stack.status = StackStatus::kUnavailable;
  }
  return reading;
}

void ThreadReader::read_own(ThreadReading& reading) {
  // This thread could unwind itself, but what it does at this moment is answering: the interesting
  // facts are its name and its cost.
  reading.outcome = ReadOutcome::kDone;
  reading.stack.method = StackMethod::kSelf;
  reading.stack.status = StackStatus::kExact;
  ThreadFacts& facts = reading.stack.facts;
  sleeper_ = nullptr;
  read_facts(own_tid_, facts);
  facts.state = 'R';
  facts.wait.reason = WaitReason::kRunning;
  facts.wait.detail = "answering this request";
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  facts.cpu_ns = static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
                 static_cast<std::uint64_t>(time.tv_nsec);
}

ThreadReading ThreadReader::from_signal(ThreadReading reading, const SignalAnswer& answer) {
  const std::uint64_t stack_pointer = answer.registers.stack_pointer();
  memory_.open_copied_stack(stack_pointer, answer.stack, modules_.stack_end(stack_pointer));
  const unwind::Walk walk = unwinder_.walk(answer.registers, frames_);
  const bool past_copy = memory_.read_past_copy();
  memory_.close_stack();
  store_frames(walk, std::span(frames_).first(walk.frames), reading);
  reading.stack.method = StackMethod::kSignal;
  if (past_copy) {
    reading.stack.status = StackStatus::kPartial;
    reading.stack.reason =
        "running on a deep or private stack: its outer frames were read a moment later";
  }
  reading.outcome = ReadOutcome::kDone;
  return reading;
}

ThreadReading ThreadReader::unavailable(ThreadReading reading, std::string reason) const {
  reading.outcome = ReadOutcome::kDone;
  reading.frames.clear();
  reading.stack.method = StackMethod::kNone;
  reading.stack.status = StackStatus::kUnavailable;
  reading.stack.reason = std::move(reason);
  return reading;
}

bool ThreadReader::sleeps(pid_t tid) const {
  std::array<char, 256> buffer{};
  return parse_system_call(files_.read(tid, "syscall", buffer)).kind ==
         SystemCallFacts::Kind::kBlocked;
}

std::string ThreadReader::reason_not_to_signal(pid_t tid, int signal) const {
  std::array<char, 4096> buffer{};
  const auto facts = parse_status(files_.read(tid, "status", buffer));
  if (!facts) {
    return "running, and its signal mask cannot be read";
  }
  if (signal <= 0 || (facts->blocked >> static_cast<unsigned>(signal - 1) & 1U) != 0) {
    return "running, and it blocks signal " + std::to_string(signal);
  }
  if (facts->seccomp == 1) {
    return "running under strict seccomp, where a signal handler's return would kill it";
  }
  // A thread in sigwait takes the signal instead of its handler, although its mask does not show
  // that.
  const SystemCallFacts call = parse_system_call(files_.read(tid, "syscall", buffer));
  if (call.kind == SystemCallFacts::Kind::kBlocked && call.number == SYS_rt_sigtimedwait) {
    return "waiting for signals: ours would be taken for the program's";
  }
  return {};
}

std::vector<std::string> ThreadReader::limits() const {
  std::vector<std::string> limits;
  std::array<char, 4096> buffer{};
  if (files_.read(own_tid_, "schedstat", buffer).empty()) {
    limits.emplace_back(
        "the kernel has no schedstat (CONFIG_SCHED_INFO): sleeping threads cannot be read");
  }
  if (files_.read(own_tid_, "syscall", buffer).empty()) {
    limits.emplace_back(
        "/proc hides the threads' system calls (process not dumpable): stacks and waits are "
        "unavailable; "
        "start the program with XGOPS_DUMPABLE=1");
  }
  std::uint64_t probe = 0;
  std::uint64_t copy = 0;
  if (support::copy_own_memory(reinterpret_cast<std::uint64_t>(&probe), &copy, sizeof(copy)) !=
      sizeof(copy)) {
    limits.emplace_back("process_vm_readv is denied (seccomp): stacks are unavailable");
  }
  if (const auto status = parse_status(files_.read(own_tid_, "status", buffer));
      status && status->seccomp != 0) {
    limits.emplace_back(
        "the process is under seccomp: how long threads wait is unknown where it takes another "
        "CPU");
  }
  if (!runtime_.mutex_layout) {
    limits.emplace_back("this C library keeps mutex owners elsewhere: lock owners are unknown");
  }
  if (!runtime_.rwlock_layout) {
    limits.emplace_back("this C library keeps rwlock writers elsewhere: their owners are unknown");
  }
  return limits;
}

}  // namespace xgops::threads
