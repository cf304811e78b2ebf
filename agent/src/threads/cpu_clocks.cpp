// SPDX-License-Identifier: MIT
#include "threads/cpu_clocks.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include <sched.h>

namespace xgops::threads {
namespace {

using std::chrono::steady_clock;

// How much of a second a scheduler's clock may lose each second: 3.3 % were measured on a virtual
// machine whose host was busy, less than 0.1 % is usual.
constexpr std::int64_t kDriftDivisor = 20;
constexpr std::int64_t kGoodNs = 5'000'000;        // An error that nobody minds.
constexpr std::int64_t kTolerableNs = 50'000'000;  // And one that is better than nothing.
constexpr std::int64_t kTickNs =
    10'000'000;  // Of what the scheduler notes, and of the start's time.
constexpr std::chrono::milliseconds kPatienceOfAnswer{50};
constexpr std::int64_t kRetryNs = 1'000'000'000;

std::int64_t clock_ns(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::optional<LastRun> ClockOffsets::last_run(int cpu, std::int64_t scheduler_ns) const {
  const auto found = offsets_.find(cpu);
  if (found == offsets_.end()) {
    return std::nullopt;
  }
  LastRun last;
  last.steady_ns = scheduler_ns + found->second.offset_ns;
  // The right offset is the one of that moment.
  last.error_ns = std::abs(found->second.measured_ns - last.steady_ns) / kDriftDivisor;
  return last;
}

bool is_good(const LastRun& last, std::int64_t now_ns) {
  return last.error_ns <= std::max(kGoodNs, (now_ns - last.steady_ns) / kDriftDivisor);
}

bool is_tolerable(const LastRun& last, std::int64_t now_ns) {
  return last.error_ns <= std::max(kTolerableNs, (now_ns - last.steady_ns) / 4);
}

std::optional<std::int64_t> within_life(const LastRun& last, std::int64_t now_ns,
                                        std::int64_t started_ns) {
  const std::int64_t tolerance = last.error_ns + 2 * kTickNs;
  if (last.steady_ns > now_ns + tolerance || last.steady_ns < started_ns - tolerance) {
    return std::nullopt;
  }
  return std::max(std::min(last.steady_ns, now_ns), std::min(started_ns, now_ns));
}

CpuClocks::CpuClocks(const TaskFiles& files, pid_t own_tid)
    : files_(files), own_tid_(own_tid), visitor_(files) {}

void CpuClocks::begin_capture() {
  patience_ = kPatienceOfAnswer;
  // As the visiting thread does it, but by the C library: it asks the kernel for nothing that a
  // seccomp filter might not expect of us.
  ClockReading reading;
  for (int i = 0; i < kClockReadings && (i == 0 || (tell_ && !reading.is_undisturbed())); ++i) {
    const int cpu = ::sched_getcpu();
    reading.cpu = static_cast<std::uint32_t>(cpu);
    reading.before_ns = clock_ns(CLOCK_MONOTONIC);
    clock_ns(CLOCK_THREAD_CPUTIME_ID);
    reading.text_bytes = files_.read(own_tid_, "sched", reading.text).size();
    reading.after_ns = clock_ns(CLOCK_MONOTONIC);
    reading.moved = cpu < 0 || ::sched_getcpu() != cpu;
    tell_ = parse_sched({reading.text.data(), reading.text_bytes}).has_value();
  }
  if (const auto offset = offset_of(reading)) {
    offsets_.note(*offset);
  }
}

void CpuClocks::visit(int cpu, std::int64_t now_ns) {
  const auto refused = not_before_.find(cpu);
  if (patience_.count() <= 0 || (refused != not_before_.end() && now_ns < refused->second)) {
    return;
  }
  const auto begin = steady_clock::now();
  const std::optional<ClockOffset> offset = visitor_.visit(cpu);
  patience_ -= steady_clock::now() - begin;
  if (offset) {
    offsets_.note(*offset);
  }
  if (offset && offset->cpu == cpu) {
    not_before_.erase(cpu);
  } else {
    not_before_[cpu] = now_ns + kRetryNs;
  }
}

std::optional<std::int64_t> CpuClocks::last_run(const SchedulerStamp& stamp) {
  if (stamp.cpu < 0 || stamp.scheduler_ns <= 0) {
    return std::nullopt;  // Its scheduler has just moved it to another CPU.
  }
  std::int64_t now = clock_ns(CLOCK_MONOTONIC);
  auto last = offsets_.last_run(stamp.cpu, stamp.scheduler_ns);
  if (!last || !is_good(*last, now)) {
    visit(stamp.cpu, now);
    last = offsets_.last_run(stamp.cpu, stamp.scheduler_ns);
    now = clock_ns(CLOCK_MONOTONIC);
  }
  if (!last || !is_tolerable(*last, now)) {
    return std::nullopt;
  }
  const std::int64_t life = clock_ns(CLOCK_BOOTTIME) - static_cast<std::int64_t>(stamp.started_ns);
  return within_life(*last, now, now - life);
}

}  // namespace xgops::threads
