// SPDX-License-Identifier: MIT
#include "dumps/thread_wait.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace xgops::cli {
namespace {

using protocol::Wait;
using protocol::WaitReason;

constexpr std::int8_t kNone = -1;

/// A system call in which threads are found asleep: x86-64 numbers, which never change.
struct Call {
  std::int16_t number;
  WaitReason reason;
  std::int8_t fd = kNone;          ///< Which argument is the descriptor.
  std::int8_t timeout_ms = kNone;  ///< Which is a time in milliseconds, negative: for ever.
  std::int8_t time = kNone;        ///< Which is a time by address, 0: for ever.
  std::string_view name = {};      ///< Of those for which there is no word.
};

constexpr std::array kCalls{
    Call{0, WaitReason::kSystemCall, 0, kNone, kNone, "read"},
    Call{1, WaitReason::kSystemCall, 0, kNone, kNone, "write"},
    Call{7, WaitReason::kPoll, kNone, 2},
    Call{17, WaitReason::kFileRead, 0},
    Call{18, WaitReason::kFileWrite, 0},
    Call{19, WaitReason::kSystemCall, 0, kNone, kNone, "readv"},
    Call{20, WaitReason::kSystemCall, 0, kNone, kNone, "writev"},
    Call{23, WaitReason::kSelect, kNone, kNone, 4},
    Call{34, WaitReason::kPause},
    Call{35, WaitReason::kSleep},
    Call{42, WaitReason::kConnect, 0},
    Call{43, WaitReason::kAccept, 0},
    Call{44, WaitReason::kSocketWrite, 0},
    Call{45, WaitReason::kSocketRead, 0},
    Call{46, WaitReason::kSocketWrite, 0},
    Call{47, WaitReason::kSocketRead, 0},
    Call{61, WaitReason::kChildWait},
    Call{73, WaitReason::kFileLock, 0},
    Call{74, WaitReason::kFileSync, 0},
    Call{75, WaitReason::kFileSync, 0},
    Call{128, WaitReason::kSignalWait, kNone, kNone, 2},
    Call{130, WaitReason::kSignalWait},
    Call{202, WaitReason::kFutex, kNone, kNone, 3},
    Call{230, WaitReason::kSleep},
    Call{232, WaitReason::kEpoll, 0, 3},
    Call{242, WaitReason::kMessageQueue, 0},
    Call{243, WaitReason::kMessageQueue, 0},
    Call{247, WaitReason::kChildWait},
    Call{270, WaitReason::kSelect, kNone, kNone, 4},
    Call{271, WaitReason::kPoll, kNone, kNone, 2},
    Call{281, WaitReason::kEpoll, 0, 3},
    Call{288, WaitReason::kAccept, 0},
    Call{299, WaitReason::kSocketRead, 0},
    Call{307, WaitReason::kSocketWrite, 0},
    Call{426, WaitReason::kIoUring, 0},
    Call{441, WaitReason::kEpoll, 0, kNone, 3},
};

/// Parts of the names of functions that wait on a futex. The first match counts.
struct Waiter {
  std::string_view part;
  WaitReason reason;
};
constexpr std::array kWaiters{
    Waiter{"pthread_cond_", WaitReason::kConditionWait},
    Waiter{"pthread_mutex_", WaitReason::kMutexLock},
    Waiter{"lll_lock_wait", WaitReason::kMutexLock},
    Waiter{"pthread_rwlock_rdlock", WaitReason::kRwlockRead},
    Waiter{"pthread_rwlock_timedrdlock", WaitReason::kRwlockRead},
    Waiter{"pthread_rwlock_", WaitReason::kRwlockWrite},
    Waiter{"pthread_barrier_wait", WaitReason::kBarrier},
    Waiter{"pthread_clockjoin", WaitReason::kJoin},
    Waiter{"pthread_join", WaitReason::kJoin},
    Waiter{"pthread_timedjoin", WaitReason::kJoin},
    Waiter{"pthread_once", WaitReason::kCallOnce},
    Waiter{"sem_wait", WaitReason::kSemaphore},
    Waiter{"sem_timedwait", WaitReason::kSemaphore},
    Waiter{"sem_clockwait", WaitReason::kSemaphore},
    Waiter{"cxa_guard_acquire", WaitReason::kStaticInitialization},
};
// A lock's functions are the innermost: further out somebody else's name could match.
constexpr std::size_t kSearchedFrames = 4;

Wait wait_outside_of_calls(char state) {
  Wait wait;
  switch (state) {
    case 'R':
      wait.reason = WaitReason::kRunning;
      break;
    case 'T':
      wait.reason = WaitReason::kStopped;
      break;
    case 't':
      wait.reason = WaitReason::kTraced;
      break;
    case 'Z':
    case 'X':
      wait.reason = WaitReason::kExited;
      break;
    default:
      break;
  }
  return wait;
}

}  // namespace

Wait wait_of_call(char state, std::int64_t number, const std::array<std::uint64_t, 6>& arguments) {
  if (number < 0 || number > 0x7fff || state == 'R') {
    return wait_outside_of_calls(state);
  }
  Wait wait;
  wait.system_call = static_cast<std::int32_t>(number);
  const auto* const call = std::find_if(kCalls.begin(), kCalls.end(),
                                        [&](const Call& known) { return known.number == number; });
  if (call == kCalls.end()) {
    wait.reason = WaitReason::kSystemCall;
    wait.detail = "number " + std::to_string(number);
    return wait;
  }
  wait.reason = call->reason;
  wait.detail = std::string(call->name);
  const auto argument = [&](std::int8_t index) {
    return arguments[static_cast<std::size_t>(index)];
  };
  if (call->fd != kNone) {
    wait.fd = static_cast<std::int32_t>(argument(call->fd));
  }
  if (call->timeout_ms != kNone) {
    const auto milliseconds = static_cast<std::int32_t>(argument(call->timeout_ms));
    wait.timeout_ns = milliseconds < 0 ? -1 : std::int64_t{milliseconds} * 1'000'000;
    wait.timed = milliseconds >= 0;
  }
  if (call->time != kNone) {
    wait.timed = argument(call->time) != 0;
  }
  if (call->reason == WaitReason::kFutex) {
    wait.object = arguments[0];
  }
  wait.timed = wait.timed || call->reason == WaitReason::kSleep;
  return wait;
}

void refine_futex_waits(StackReport& report) {
  for (ReportThread& thread : report.threads) {
    if (thread.facts.wait.reason != WaitReason::kFutex || !thread.stack) {
      continue;
    }
    const ReportStack& stack = report.table.stacks[*thread.stack];
    const std::size_t searched = std::min(stack.frames.size(), kSearchedFrames);
    for (std::size_t i = 0; i < searched && thread.facts.wait.reason == WaitReason::kFutex; ++i) {
      for (const symbolize::Symbol& symbol : report.table.locations[stack.frames[i].location]) {
        const auto* const found =
            std::find_if(kWaiters.begin(), kWaiters.end(), [&](const Waiter& waiter) {
              return symbol.function.find(waiter.part) != std::string::npos;
            });
        if (found != kWaiters.end()) {
          thread.facts.wait.reason = found->reason;
          break;
        }
      }
    }
  }
}

}  // namespace xgops::cli
