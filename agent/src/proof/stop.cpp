// SPDX-License-Identifier: MIT
#include "proof/stop.hpp"

#include "support/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

using signal_safe::g_park;
using signal_safe::ParkSlot;
using signal_safe::SlotState;
using signal_safe::Ticket;
using std::chrono::steady_clock;

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
constexpr std::size_t kStatusBytes = 4096;

// Outlives who counted it up, like the slots: a signal of an earlier stop may still be on its way.
constinit std::uint32_t g_generation = 0;

bool prepare_slots() noexcept {
  if (g_park.slots == nullptr) {
    void* const memory =
        ::mmap(nullptr, sizeof(ParkSlot) * signal_safe::kMostParked, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      return false;
    }
    // Zeros are what the constructor would make.
    g_park.slots = static_cast<ParkSlot*>(memory);
  }
  return true;
}

/// The number that the line with `key` has; `otherwise` without such a line.
unsigned number_of(std::string_view status, std::string_view key, unsigned otherwise) noexcept {
  const std::size_t at = status.find(key);
  if (at == std::string_view::npos) {
    return otherwise;
  }
  std::string_view text = status.substr(at + key.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  unsigned value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

unsigned seccomp_filters(std::string_view status) noexcept {
  // Kernels before 5.9 say only that there are any.
  return number_of(status, "\nSeccomp_filters:", number_of(status, "\nSeccomp:", 0) == 0 ? 0 : 1);
}

void pause_briefly() noexcept {
  const timespec time{0, 20'000};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
}

}  // namespace

unsigned own_seccomp_filters(int task_directory_fd) noexcept {
  std::array<char, kStatusBytes> buffer{};
  const auto tid = static_cast<pid_t>(::syscall(SYS_gettid));
  return seccomp_filters(threads::TaskFiles(task_directory_fd).read(tid, "status", buffer));
}

unsigned seccomp_filters_at_start(int mode) noexcept {
  if (mode == 0) {
    return 0;
  }
  std::array<char, kStatusBytes> buffer{};
  const support::UniqueFd file(::getpid() == 1 ? -1
                                               : ::open("/proc/1/status", O_RDONLY | O_CLOEXEC));
  const ssize_t bytes = file ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
  const std::string_view status(buffer.data(),
                                static_cast<std::size_t>(std::max<ssize_t>(bytes, 0)));
  return std::max(1U, seccomp_filters(status));
}

StoppedThreads::StoppedThreads(Scratch& scratch, int task_directory_fd, int signal) noexcept
    : files_(task_directory_fd),
      task_directory_(task_directory_fd),
      signal_(signal),
      own_tid_(static_cast<pid_t>(::syscall(SYS_gettid))),
      known_(scratch),
      stopped_(scratch),
      buffer_(static_cast<char*>(scratch.take(kBufferBytes))) {}

StoppedThreads::State StoppedThreads::look_at(pid_t tid) const noexcept {
  std::array<char, kStatusBytes> buffer{};
  const std::string_view status = files_.read(tid, "status", buffer);
  if (status.empty()) {
    return State::kGone;
  }
  const std::size_t state = status.find("\nState:\t");
  if (state != std::string_view::npos && state + 8 < status.size() &&
      (status[state + 8] == 'Z' || status[state + 8] == 'X')) {
    return State::kGone;  // A main thread that has ended before the others.
  }
  const auto facts = threads::parse_status(status);
  const auto bit = static_cast<unsigned>(signal_ - 1);
  if (!facts || signal_ <= 0 || (facts->blocked >> bit & 1U) != 0 || facts->seccomp == 1 ||
      seccomp_filters(status) > seccomp_filters_) {
    return State::kUnstoppable;
  }
  const auto call = threads::parse_system_call(files_.read(tid, "syscall", buffer));
  const bool takes_signals =
      call.kind == threads::SystemCallFacts::Kind::kBlocked && call.number == SYS_rt_sigtimedwait;
  return takes_signals ? State::kUnstoppable : State::kSeen;
}

bool StoppedThreads::list(std::size_t& added) noexcept {
  added = 0;
  if (buffer_ == nullptr) {
    return false;
  }
  // Another thread may have got the number of one that has ended.
  known_.shrink(static_cast<std::size_t>(
      std::remove_if(known_.begin(), known_.end(),
                     [](const Thread& thread) { return thread.state == State::kGone; }) -
      known_.begin()));
  const std::size_t before = known_.size();
  const int fd = ::openat(task_directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  const auto by_number = [](const Thread& a, const Thread& b) { return a.tid < b.tid; };
  bool complete = true;
  long bytes = 0;
  while ((bytes = ::syscall(SYS_getdents64, fd, buffer_, kBufferBytes)) > 0) {
    for (long at = 0; at < bytes;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(buffer_ + at);
      at += entry->d_reclen;
      Thread thread;
      const char* const name = entry->d_name;
      std::from_chars(name, name + std::strlen(name), thread.tid);
      const bool is_known =
          thread.tid == 0 || thread.tid == own_tid_ ||
          std::binary_search(known_.begin(), known_.begin() + before, thread, by_number);
      complete = (is_known || known_.push(thread)) && complete;
    }
  }
  ::close(fd);
  for (std::size_t i = before; i < known_.size(); ++i) {
    known_[i].state = look_at(known_[i].tid);
    // A main thread that has ended before the others is there again and again.
    added += known_[i].state == State::kGone ? 0U : 1U;
  }
  std::sort(known_.begin(), known_.end(), by_number);
  return complete && bytes == 0 && known_.size() <= signal_safe::kMostParked;
}

bool StoppedThreads::prepare(unsigned seccomp_filters) noexcept {
  seccomp_filters_ = seccomp_filters;
  std::size_t added = 0;
  return prepare_slots() && list(added);
}

pid_t StoppedThreads::first() const noexcept {
  const Thread* const found = std::find_if(known_.begin(), known_.end(), [](const Thread& thread) {
    return thread.state != State::kGone;
  });
  return found == known_.end() ? ::getpid() : found->tid;
}

void StoppedThreads::ask(Thread& thread) noexcept {
  // One in which a handler got stuck is left out.
  while (next_slot_ < signal_safe::kMostParked &&
         Ticket::state(g_park.slots[next_slot_].ticket.load(std::memory_order_acquire)) ==
             SlotState::kWriting) {
    ++next_slot_;
  }
  if (next_slot_ == signal_safe::kMostParked) {
    thread.state = State::kUnstoppable;
    return;
  }
  ParkSlot& slot = g_park.slots[next_slot_];
  thread.slot = next_slot_++;
  slot.tid = thread.tid;
  slot.ticket.store(Ticket::make(generation_, SlotState::kRequested), std::memory_order_release);
  siginfo_t info{};
  info.si_signo = signal_;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the value that a signal carries is typed so.
  info.si_value.sival_ptr = reinterpret_cast<void*>(
      signal_safe::signal_value(generation_, signal_safe::kFirstParkIndex + thread.slot));
  if (::syscall(SYS_rt_tgsigqueueinfo, info.si_pid, thread.tid, signal_, &info) == 0) {
    thread.state = State::kAsked;
    return;
  }
  slot.ticket.store(0, std::memory_order_release);
  thread.state = errno == ESRCH ? State::kGone : State::kUnstoppable;
}

std::size_t StoppedThreads::collect() noexcept {
  std::size_t missing = 0;
  for (Thread& thread : known_) {
    if (thread.state != State::kAsked) {
      continue;
    }
    const ParkSlot& slot = g_park.slots[thread.slot];
    if (slot.ticket.load(std::memory_order_acquire) ==
        Ticket::make(generation_, SlotState::kReady)) {
      thread.state = State::kStopped;
      stopped_.push(&slot);
    } else {
      ++missing;
    }
  }
  return missing;
}

void StoppedThreads::give_up() noexcept {
  for (Thread& thread : known_) {
    if (thread.state == State::kAsked) {
      std::uint64_t expected = Ticket::make(generation_, SlotState::kRequested);
      g_park.slots[thread.slot].ticket.compare_exchange_strong(expected, 0,
                                                               std::memory_order_acq_rel);
      const State now = look_at(thread.tid);
      thread.state = now == State::kGone ? now : State::kUnstoppable;
    }
    if (thread.state == State::kUnstoppable || thread.state == State::kSeen) {
      unstopped_ = thread.tid;
    }
  }
}

bool StoppedThreads::stop(std::chrono::nanoseconds patience) noexcept {
  const auto deadline = steady_clock::now() + patience;
  generation_ = ++g_generation;
  stopping_ = true;
  unstopped_ = 0;
  next_slot_ = 0;
  stopped_.clear();
  for (Thread& thread : known_) {
    if (thread.state == State::kUnstoppable) {
      thread.state = look_at(thread.tid);  // For a moment all threads block signals.
    } else if (thread.state == State::kStopped) {
      thread.state = State::kSeen;
    }
  }
  // Threads may make threads until all are stopped.
  for (;;) {
    std::size_t added = 0;
    for (Thread& thread : known_) {
      if (thread.state == State::kSeen) {
        ask(thread);
      }
    }
    const bool late = steady_clock::now() >= deadline;
    if (collect() != 0 && !late) {
      pause_briefly();
      continue;
    }
    // Whoever is new to a list that comes late goes on, and is found out by that.
    const bool listed = list(added);
    if (!listed || late || added == 0) {
      give_up();
      unstopped_ = listed || unstopped_ != 0 ? unstopped_ : own_tid_;
      return unstopped_ == 0;
    }
  }
}

bool StoppedThreads::held() const noexcept {
  return stopping_ && g_park.overrun.load(std::memory_order_seq_cst) != generation_;
}

void StoppedThreads::release() noexcept {
  if (!stopping_) {
    return;
  }
  stopping_ = false;
  g_park.released.store(generation_, std::memory_order_release);
  ::syscall(SYS_futex, &g_park.released, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0x7fff'ffff, nullptr,
            nullptr, 0);
}

}  // namespace xgops::proof
