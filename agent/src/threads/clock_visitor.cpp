// SPDX-License-Identifier: MIT
#include "threads/clock_visitor.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// An idle CPU answers within 0.1 ms; one with a thread that computes in 4 ms at worst.
constexpr milliseconds kPatience{10};
constexpr std::int64_t kSureNs = 1'000'000;  // Longer: the two clocks were not read together.
constexpr std::size_t kBitsPerWord = sizeof(unsigned long) * CHAR_BIT;
constexpr int kMostCpus = 8192;  // CONFIG_NR_CPUS

/// Sleeps while `word` is `value`, at most until `deadline`.
void sleep_while(const std::atomic<std::uint32_t>& word, std::uint32_t value, int scope,
                 steady_clock::time_point deadline) {
  const auto due = deadline.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(due);
  timespec time{};
  time.tv_sec = seconds.count();
  time.tv_nsec = (due - seconds).count();
  ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | scope, value, &time, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

bool set_cpus(pid_t tid, const std::vector<unsigned long>& cpus) {
  return ::syscall(SYS_sched_setaffinity, tid, cpus.size() * sizeof(cpus[0]), cpus.data()) == 0;
}

}  // namespace

std::optional<ClockOffset> offset_of(const ClockReading& reading) {
  const auto own = parse_sched({reading.text.data(), reading.text_bytes});
  if (!own || own->last_ran_ns == 0 || reading.moved ||
      reading.after_ns - reading.before_ns > kSureNs) {
    return std::nullopt;
  }
  return ClockOffset{static_cast<int>(reading.cpu), reading.before_ns,
                     reading.before_ns - own->last_ran_ns};
}

ClockVisitor::~ClockVisitor() {
  leave();
  if (tid_ != 0) {
    // It got no CPU since. What it will touch when it gets one must stay.
    // Kept in sight of leak checkers.
    static std::array<const ClockVisits*, 8> last_ones{};
    static std::atomic<std::size_t> next{0};
    last_ones[next++ % last_ones.size()] = visits_.release();
  }
}

// Under any filter: it may kill for calls that whoever wrote it did not foresee, which nobody can
// tell without making them.
bool ClockVisitor::is_confined() const {
  std::array<char, 4096> buffer{};
  const auto tid = static_cast<pid_t>(::syscall(SYS_gettid));
  const auto status = parse_status(files_.read(tid, "status", buffer));
  return !status || status->seccomp != 0;
}

bool ClockVisitor::start() {
  if (is_confined()) {
    return false;
  }
  own_cpus_.assign(kMostCpus / kBitsPerWord, 0);
  const long bytes = ::syscall(SYS_sched_getaffinity, 0, own_cpus_.size() * sizeof(own_cpus_[0]),
                               own_cpus_.data());
  if (bytes <= 0) {
    return false;
  }
  own_cpus_.resize(static_cast<std::size_t>(bytes) / sizeof(own_cpus_[0]));
  visits_ = std::make_unique<ClockVisits>();
  const long tid = start_visiting_thread(*visits_);
  if (tid < 0) {
    visits_.reset();
    return false;
  }
  tid_ = static_cast<pid_t>(tid);
  // It is given orders only after this.
  visits_->sched_file = files_.open(tid_, "sched");
  return true;
}

bool ClockVisitor::await_answer() const {
  const auto deadline = steady_clock::now() + kPatience;
  const std::uint32_t order = visits_->order.load();
  for (;;) {
    const std::uint32_t answer = visits_->answer.load();
    if (answer == order || steady_clock::now() >= deadline) {
      return answer == order;
    }
    sleep_while(visits_->answer, answer, FUTEX_PRIVATE_FLAG, deadline);
  }
}

bool ClockVisitor::await_end(milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  for (;;) {
    const std::uint32_t living = visits_->living.load();
    if (living == 0) {
      break;
    }
    if (steady_clock::now() >= deadline) {
      return false;
    }
    sleep_while(visits_->living, living, 0, deadline);  // The kernel's wake is not a private one.
  }
  if (visits_->sched_file >= 0) {
    ::close(visits_->sched_file);
  }
  visits_.reset();
  tid_ = 0;
  return true;
}

std::optional<ClockOffset> ClockVisitor::visit(int cpu) {
  if (cpu < 0 || cpu >= kMostCpus) {
    return std::nullopt;
  }
  const bool leaving = tid_ != 0 && visits_->order.load() == ClockVisits::kLeave;
  if ((leaving && !await_end(milliseconds(0))) || (tid_ == 0 && !start())) {
    return std::nullopt;
  }
  std::vector<unsigned long> there(kMostCpus / kBitsPerWord, 0);
  const auto bit = static_cast<std::size_t>(cpu);
  there[bit / kBitsPerWord] = 1UL << bit % kBitsPerWord;
  // Pinned while it sleeps: woken on a busy CPU it soon runs, moved there while it runs it queues.
  if (!set_cpus(tid_, there)) {
    return std::nullopt;
  }
  visits_->order.fetch_add(1);
  wake(visits_->order);
  if (!await_answer()) {
    set_cpus(tid_, own_cpus_);
    if (!await_answer()) {
      leave();
      return std::nullopt;
    }
  }
  return offset_of(visits_->reading);
}

void ClockVisitor::leave() {
  if (tid_ == 0) {
    return;
  }
  set_cpus(tid_, own_cpus_);
  visits_->order.store(ClockVisits::kLeave);
  wake(visits_->order);
  await_end(kPatience);
}

}  // namespace xgops::threads
