// SPDX-License-Identifier: MIT
#include "threads/signal_capture.hpp"

#include "signal_safe/capture_handler.hpp"
#include "threads/capture.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

using signal_safe::CaptureSlot;
using signal_safe::g_capture;
using signal_safe::SlotState;
using signal_safe::Ticket;
using std::chrono::steady_clock;

constexpr std::size_t kSlotBytes = sizeof(CaptureSlot) * signal_safe::kSlotCount;
constexpr std::chrono::microseconds kFirstPause{20};
constexpr std::chrono::microseconds kLongestPause{1000};
constexpr std::chrono::milliseconds kExitCheckInterval{10};

// Outlives the agent that counted it up: after a restart of the agent a signal of its predecessor
// may still be on its way.
constinit std::uint32_t g_generation = 0;

// The signal that a stopped agent left ignored, for its successor to take up again.
constinit int g_left_ignored = 0;

void pause_for(std::chrono::microseconds duration) {
  const timespec time{0, duration.count() * 1000};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
}

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 &&
         action.sa_sigaction == &signal_safe::on_capture_signal;
}

SignalOutcome outcome_of(int error) {
  switch (error) {
    case ESRCH:
      return SignalOutcome::kExited;
    case EAGAIN:
      return SignalOutcome::kNotQueued;
    default:
      return SignalOutcome::kRefused;
  }
}

}  // namespace

int install_capture_signal(int wanted, std::string& why) {
  if (wanted < 0) {
    why = "running threads are not interrupted: the capture signal is turned off";
    return 0;
  }
  const int signal = wanted == 0 ? SIGRTMAX - 2 : wanted;
  if (signal < SIGRTMIN || signal > SIGRTMAX) {
    why = "signal " + std::to_string(signal) + " is not a real-time signal (" +
          std::to_string(SIGRTMIN) + " to " + std::to_string(SIGRTMAX) +
          "): running threads are not interrupted";
    return 0;
  }
  struct sigaction action {};
  if (::sigaction(signal, nullptr, &action) != 0) {
    why = "signal " + std::to_string(signal) + " cannot be used: " + std::strerror(errno);
    return 0;
  }
  if (!is_ours(action)) {
    const bool left_by_us = signal == g_left_ignored && action.sa_handler == SIG_IGN;
    const bool in_use =
        (action.sa_flags & SA_SIGINFO) != 0 || (action.sa_handler != SIG_DFL && !left_by_us);
    if (in_use) {
      why = "signal " + std::to_string(signal) +
            " is used by the program: running threads are not interrupted (choose another with "
            "XGOPS_SIGNAL)";
      return 0;
    }
    struct sigaction ours {};
    ours.sa_sigaction = &signal_safe::on_capture_signal;
    ours.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigemptyset(&ours.sa_mask);
    if (::sigaction(signal, &ours, nullptr) != 0) {
      why = "signal " + std::to_string(signal) + " cannot be used: " + std::strerror(errno);
      return 0;
    }
  }
  g_capture.pid.store(::getpid(), std::memory_order_relaxed);
  return signal;
}

void uninstall_capture_signal(int signal) noexcept {
  struct sigaction action {};
  if (signal != 0 && ::sigaction(signal, nullptr, &action) == 0 && is_ours(action)) {
    // Ignored rather than the default, which would kill the process when one of our signals is
    // late.
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(signal, &ignore, nullptr);
    g_left_ignored = signal;
  }
}

void capture_after_fork() noexcept {
  g_capture.pid.store(::getpid(), std::memory_order_relaxed);
  if (g_capture.slots != nullptr) {
    for (std::size_t i = 0; i < signal_safe::kSlotCount; ++i) {
      g_capture.slots[i].ticket.store(0, std::memory_order_relaxed);
    }
  }
}

struct SignalCapture::Pending {
  std::size_t index = 0;  ///< Into the batch.
  CaptureSlot* slot = nullptr;
  pid_t tid = 0;
};

bool SignalCapture::ready() const noexcept {
  struct sigaction action {};
  return signal_ != 0 && ::sigaction(signal_, nullptr, &action) == 0 && is_ours(action);
}

void SignalCapture::use_alternate_stacks(bool use) const noexcept {
  struct sigaction action {};
  const int flag = use ? SA_ONSTACK : 0;
  if (::sigaction(signal_, nullptr, &action) == 0 && is_ours(action) &&
      (action.sa_flags & SA_ONSTACK) != flag) {
    action.sa_flags = (action.sa_flags & ~SA_ONSTACK) | flag;
    ::sigaction(signal_, &action, nullptr);
  }
}

bool SignalCapture::prepare_slots() noexcept {
  if (g_capture.slots == nullptr) {
    // Never unmapped: a handler may come arbitrarily late.
    void* const memory = ::mmap(nullptr, kSlotBytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      return false;
    }
    auto* const slots = static_cast<CaptureSlot*>(memory);
    for (std::size_t i = 0; i < signal_safe::kSlotCount; ++i) {
      new (&slots[i]) CaptureSlot;
    }
    g_capture.slots = slots;
  }
  return true;
}

void SignalCapture::set_stack_ranges(const std::vector<signal_safe::StackRange>& ranges) {
  // A late handler may still search the previous array, so it is kept: arrays grow by doubling, and
  // one that is large enough is overwritten only after the handlers lost sight of it (count 0
  // first). A handler in the middle of a search may then see a mixture, which can only make it copy
  // less: every bound it accepts is confirmed by the thread's own control block or is the main
  // stack's.
  static signal_safe::StackRange* array = nullptr;
  static std::size_t capacity = 0;
  g_capture.range_count.store(0, std::memory_order_release);
  if (ranges.size() > capacity) {
    const std::size_t wanted = std::max<std::size_t>(ranges.size() * 2, 256);
    array = new signal_safe::StackRange[wanted];
    capacity = wanted;
    g_capture.ranges.store(array, std::memory_order_release);
  }
  std::copy(ranges.begin(), ranges.end(), array);
  g_capture.range_count.store(ranges.size(), std::memory_order_release);
}

void SignalCapture::send(std::span<const pid_t> tids, std::vector<Pending>& pending,
                         std::vector<SignalAnswer>& answers) {
  ++g_generation;
  std::size_t next_slot = 0;
  for (std::size_t i = 0; i < tids.size(); ++i) {
    // A slot in which a handler got stuck (its thread lost the CPU for longer than a deadline) is
    // left out.
    while (next_slot < signal_safe::kSlotCount &&
           Ticket::state(g_capture.slots[next_slot].ticket.load(std::memory_order_acquire)) ==
               SlotState::kWriting) {
      ++next_slot;
    }
    if (next_slot == signal_safe::kSlotCount) {
      return;
    }
    CaptureSlot& slot = g_capture.slots[next_slot];
    // Touch the pages now: a page fault in the handler would be a pause of the host's thread.
    for (std::size_t at = 0; at < slot.stack.size(); at += 4096) {
      slot.stack[at] = std::byte{0};
    }
    slot.ticket.store(Ticket::make(g_generation, SlotState::kRequested), std::memory_order_release);
    siginfo_t info{};
    info.si_signo = signal_;
    info.si_code = SI_QUEUE;
    info.si_pid = ::getpid();
    info.si_uid = ::getuid();
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the value that a signal carries is typed so.
    info.si_value.sival_ptr = reinterpret_cast<void*>(
        signal_safe::signal_value(g_generation, static_cast<std::uint32_t>(next_slot)));
    if (::syscall(SYS_rt_tgsigqueueinfo, info.si_pid, tids[i], signal_, &info) != 0) {
      slot.ticket.store(0, std::memory_order_release);
      answers[i].outcome = outcome_of(errno);
      continue;
    }
    pending.push_back({i, &slot, tids[i]});
    ++next_slot;
  }
}

void SignalCapture::wait(std::vector<Pending>& pending, steady_clock::time_point deadline,
                         const std::function<bool(pid_t)>& still_exists,
                         std::vector<SignalAnswer>& answers) {
  std::chrono::microseconds pause = kFirstPause;
  steady_clock::time_point next_check = steady_clock::now() + kExitCheckInterval;
  const auto take = [&](const Pending& entry) {
    const CaptureSlot& slot = *entry.slot;
    if (Ticket::state(slot.ticket.load(std::memory_order_acquire)) != SlotState::kReady) {
      return false;
    }
    SignalAnswer& answer = answers[entry.index];
    answer.outcome = SignalOutcome::kAnswered;
    for (std::size_t number = 0; number < unwind::kRegisterCount; ++number) {
      answer.registers.set(number, slot.registers[number]);
    }
    answer.stack = std::span<const std::byte>(
        slot.stack.data(), std::min<std::size_t>(slot.copied_bytes, slot.stack.size()));
    return true;
  };
  for (;;) {
    std::erase_if(pending, take);
    const auto now = steady_clock::now();
    if (pending.empty() || now >= deadline) {
      break;
    }
    if (now >= next_check) {
      next_check = now + kExitCheckInterval;
      std::erase_if(pending, [&](const Pending& entry) {
        const bool gone = !still_exists(entry.tid);
        answers[entry.index].outcome = gone ? SignalOutcome::kExited : SignalOutcome::kNoAnswer;
        return gone && !take(entry);
      });
    }
    pause_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  for (const Pending& entry : pending) {
    // Take the request back; a handler that comes later finds no ticket of its generation.
    std::uint64_t expected = Ticket::make(g_generation, SlotState::kRequested);
    entry.slot->ticket.compare_exchange_strong(expected, 0, std::memory_order_acq_rel);
    take(entry);
  }
}

std::vector<SignalAnswer> SignalCapture::ask(std::span<const pid_t> tids,
                                             steady_clock::time_point deadline,
                                             const std::function<bool(pid_t)>& still_exists) {
  std::vector<SignalAnswer> answers(tids.size());
  if (!prepare_slots()) {
    return answers;
  }
  std::vector<Pending> pending;
  send(tids, pending, answers);
  wait(pending, deadline, still_exists, answers);
  return answers;
}

void SignalCapture::release() noexcept {
  if (g_capture.slots == nullptr) {
    return;
  }
  // The tickets read as zero afterwards, which means idle.
  for (std::size_t i = 0; i < signal_safe::kSlotCount; ++i) {
    const auto state = Ticket::state(g_capture.slots[i].ticket.load(std::memory_order_acquire));
    if (state == SlotState::kWriting) {
      return;  // A handler is still at it: keep the memory until the next capture.
    }
  }
  ::madvise(g_capture.slots, kSlotBytes, MADV_DONTNEED);
}

}  // namespace xgops::threads
