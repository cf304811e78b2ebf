// SPDX-License-Identifier: MIT
// Waits on futexes, told apart by the library call that led there and by what lies at the address.
// Offsets are those of glibc on x86-64 (since 2.25), used only where `Runtime` found them to hold.
#include "threads/wait_reason.hpp"
#include "unwind/call_site.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>

#include <linux/futex.h>

namespace xgops::threads {
namespace {

constexpr std::size_t kFramesLookedAt = 8;
constexpr std::int32_t kMaxTid = 1 << 22;  // PID_MAX_LIMIT of 64-bit kernels.

/// The first words of a pthread_mutex_t.
struct MutexWords {
  std::uint32_t lock;
  std::uint32_t count;
  std::int32_t owner;
  std::uint32_t users;
  std::uint32_t kind;

  static constexpr std::uint32_t kRobust = 16;
  static constexpr std::uint32_t kInheritsPriority = 32;
  static constexpr std::uint32_t kProtectsPriority = 64;
  static constexpr std::uint32_t kShared = 128;

  [[nodiscard]] bool owner_is_in_lock() const {
    return (kind & (kRobust | kInheritsPriority)) != 0;
  }
  [[nodiscard]] std::int32_t owner_tid() const {
    return owner_is_in_lock() ? static_cast<std::int32_t>(lock & FUTEX_TID_MASK) : owner;
  }
  /// Whether this can be a mutex at all, asked where no call on the stack says so.
  [[nodiscard]] bool plausible() const {
    return (kind & ~0x3ffU) == 0 && (kind & 3U) <= 3 && owner >= 0 && owner < kMaxTid &&
           (owner_is_in_lock() || lock <= 2) && users < 1'000'000;
  }
};

struct RwlockWords {
  std::uint32_t readers;
  std::uint32_t writers;
  std::uint32_t write_phase_futex;
  std::uint32_t writers_futex;
  std::array<std::uint32_t, 2> padding;
  std::int32_t writer;

  [[nodiscard]] bool plausible() const {
    return writer >= 0 && writer < kMaxTid && write_phase_futex <= 3 && writers_futex <= 3 &&
           readers >> 3U < 1'000'000;
  }
};

/// `in_shared_memory`: found out otherwise; the bits of robust mutexes do not say it.
std::string mutex_kind(std::uint32_t kind, bool in_shared_memory) {
  constexpr std::array<const char*, 4> kTypes{"", "recursive", "error-checking", "adaptive"};
  std::string text = kTypes[kind & 3U];
  const auto append = [&text](bool applies, const char* word) {
    if (applies) {
      text += text.empty() ? "" : ", ";
      text += word;
    }
  };
  append((kind & MutexWords::kRobust) != 0, "robust");
  append((kind & MutexWords::kInheritsPriority) != 0, "priority-inheriting");
  append((kind & MutexWords::kProtectsPriority) != 0, "priority-protecting");
  append(in_shared_memory, "process-shared");
  return text;
}

class FutexFinder {
 public:
  FutexFinder(const SleepingThread& thread, const WaitContext& context)
      : thread_(thread),
        context_(context),
        address_(thread.call.arguments[0]),
        operation_(static_cast<int>(thread.call.arguments[1])),
        expected_(static_cast<std::uint32_t>(thread.call.arguments[2])) {
    wait_.system_call = thread.call.number;
    wait_.object = address_;
  }

  Wait find() {
    read_timeout();
    if (command() == FUTEX_LOCK_PI || command() == FUTEX_LOCK_PI2) {
      priority_inheriting_mutex();
      return std::move(wait_);
    }
    if (!by_call(find_call())) {
      by_contents();
    }
    return std::move(wait_);
  }

 private:
  [[nodiscard]] int command() const { return operation_ & FUTEX_CMD_MASK; }
  [[nodiscard]] bool is_private() const { return (operation_ & FUTEX_PRIVATE_FLAG) != 0; }

  void read_timeout() {
    const std::uint64_t pointer = thread_.call.arguments[3];
    std::array<std::int64_t, 2> time{};
    if (pointer == 0) {
      return;
    }
    wait_.timed = true;
    if (!context_.memory.read_value(pointer, time)) {
      return;
    }
    std::int64_t nanoseconds = time[0] * 1'000'000'000 + time[1];
    if (command() != FUTEX_WAIT) {  // All others take a moment, not a duration.
      const bool wall_clock =
          (operation_ & FUTEX_CLOCK_REALTIME) != 0 || command() == FUTEX_LOCK_PI;
      timespec now{};
      ::clock_gettime(wall_clock ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
      nanoseconds -= now.tv_sec * 1'000'000'000 + now.tv_nsec;
    }
    wait_.timeout_ns = std::max<std::int64_t>(nanoseconds, 0);
  }

  /// The waiting call nearest to the kernel: a function on the stack, or the one that its caller's
  /// call instruction names (glibc leaves some of its functions by a jump, so that they are not on
  /// the stack).
  [[nodiscard]] WaitCall find_call() const {
    const std::size_t count = std::min(thread_.frames.size(), kFramesLookedAt);
    for (std::size_t i = 0; i < count; ++i) {
      const unwind::UnwoundFrame& frame = thread_.frames[i];
      if (i > 0 && !frame.exact_pointer) {
        const unwind::CallSite site = unwind::decode_call(context_.code, frame.instruction_pointer);
        const WaitCall called = site.kind == unwind::CallKind::kDirect
                                    ? context_.runtime.find(site.target)
                                    : WaitCall::kNone;
        if (called != WaitCall::kNone) {
          return called;
        }
      }
      const WaitCall itself = context_.runtime.find(frame.function_start);
      if (itself != WaitCall::kNone) {
        return itself;
      }
    }
    return WaitCall::kNone;
  }

  bool by_call(WaitCall call) {
    switch (call) {
      case WaitCall::kMutex:
        return mutex(true);
      case WaitCall::kRwlockRead:
        return rwlock(WaitReason::kRwlockRead);
      case WaitCall::kRwlockWrite:
        return rwlock(WaitReason::kRwlockWrite);
      case WaitCall::kCondition:
        // glibc waits for a condition with 0 as the expected value, and for the mutex afterwards
        // with 2.
        return expected_ == 2 && mutex(false) ? true : condition();
      case WaitCall::kJoin:
        return join();
      case WaitCall::kSemaphore:
        return plain(WaitReason::kSemaphore);
      case WaitCall::kBarrier:
        return plain(WaitReason::kBarrier);
      case WaitCall::kOnce:
        return plain(WaitReason::kCallOnce);
      case WaitCall::kStaticInitialization:
        return plain(WaitReason::kStaticInitialization);
      case WaitCall::kFuture:
        return plain(WaitReason::kFuture);
      case WaitCall::kMalloc:
        return expected_ == 2 && plain(WaitReason::kMallocLock);
      case WaitCall::kStdio:
        return expected_ == 2 && stdio();
      case WaitCall::kNone:
        return false;
    }
    return false;
  }

  /// No call on the stack is known (a static executable, an inlined or foreign wrapper): what the
  /// address holds may still tell.
  void by_contents() {
    const bool robust_form = (expected_ & FUTEX_WAITERS) != 0;
    // Other things look like a mutex, too: only one that a thread of ours owns is believed, or one
    // that is robust, which has the waiters' bit beside its owner.
    if ((expected_ == 2 || robust_form) && mutex(false)) {
      if (wait_.owner_state == OwnerState::kLive ||
          (robust_form && wait_.detail.find("robust") != std::string::npos)) {
        wait_.inferred = true;
        return;
      }
      wait_ = {};
      wait_.system_call = thread_.call.number;
      wait_.object = address_;
      read_timeout();
    }
    if (!is_private() && expected_ > 1 && is_alive(static_cast<pid_t>(expected_)) && join()) {
      wait_.inferred = true;
      return;
    }
    plain(WaitReason::kFutex);
  }

  bool plain(WaitReason reason) {
    wait_.reason = reason;
    // libstdc++ waits for futures and initializations as if others shared them.
    if (reason == WaitReason::kSemaphore || reason == WaitReason::kBarrier ||
        reason == WaitReason::kFutex) {
      note_sharing();
    }
    return true;
  }

  [[nodiscard]] bool is_alive(pid_t tid) const {
    return std::binary_search(context_.living.begin(), context_.living.end(), tid);
  }

  /// `may_be_elsewhere`: processes share what it owns.
  void set_owner(std::int32_t tid, bool may_be_elsewhere) {
    const bool lives = is_alive(tid);
    if (tid > 0 && (lives || !may_be_elsewhere)) {
      wait_.owner_tid = tid;
      wait_.owner_state = lives ? OwnerState::kLive : OwnerState::kExited;
    }
  }

  /// Whether processes share this mutex. Robust ones look and are waited for as if they did; but
  /// when a thread ends that owns one, the kernel says so in the lock.
  [[nodiscard]] bool is_shared(const MutexWords& words) const {
    if ((words.kind & MutexWords::kRobust) == 0) {
      return (words.kind & MutexWords::kShared) != 0;
    }
    return words.owner_tid() > 0 && !is_alive(words.owner_tid()) &&
           (words.lock & FUTEX_OWNER_DIED) == 0;
  }

  bool mutex(bool certain) {
    MutexWords words{};
    if (!context_.runtime.mutex_layout || !context_.memory.read_value(address_, words)) {
      return certain && plain(WaitReason::kMutexLock);
    }
    if (!certain && !words.plausible()) {
      return false;
    }
    wait_.reason = WaitReason::kMutexLock;
    const bool shared = is_shared(words);
    wait_.detail = mutex_kind(words.kind, shared);
    set_owner(words.owner_tid(), shared);
    return true;
  }

  void priority_inheriting_mutex() {
    wait_.reason = WaitReason::kMutexLock;
    wait_.detail = "priority-inheriting";
    std::uint32_t lock = 0;
    if (!context_.memory.read_value(address_, lock)) {
      return;
    }
    const auto owner = static_cast<std::int32_t>(lock & FUTEX_TID_MASK);
    // A robust one is waited for as if it were shared, too. Nobody waits like this for a thread
    // that has ended: the kernel gives the lock to the next.
    if (owner > 0 && !is_private() && !is_alive(owner)) {
      wait_.detail += ", process-shared";
    }
    set_owner(owner, !is_private());
  }

  bool rwlock(WaitReason reason) {
    wait_.reason = reason;
    note_sharing();
    if (!context_.runtime.rwlock_layout) {
      return true;
    }
    // Waiters sleep on one of three words; which one shows in the address, as the lock is aligned
    // to 8.
    constexpr std::array<std::uint64_t, 2> kEven{8, 0};
    constexpr std::array<std::uint64_t, 1> kOdd{12};
    const auto try_offsets = [&](const auto& offsets) {
      for (const std::uint64_t offset : offsets) {
        RwlockWords words{};
        if (context_.memory.read_value(address_ - offset, words) && words.plausible()) {
          wait_.object = address_ - offset;
          set_owner(words.writer, !is_private());
          wait_.readers = words.writer == 0 ? words.readers >> 3U : 0;
          return;
        }
      }
    };
    address_ % 8 == 0 ? try_offsets(kEven) : try_offsets(kOdd);
    return true;
  }

  /// Another process may end the wait.
  void note_sharing() {
    if (!is_private()) {
      wait_.detail = "process-shared";
    }
  }

  bool condition() {
    wait_.reason = WaitReason::kConditionWait;
    note_sharing();
    // The two signal words lie 40 and 44 bytes into the condition, its reference count at 36.
    for (const std::uint64_t offset : {std::uint64_t{40}, std::uint64_t{44}}) {
      std::uint32_t references = 0;
      const std::uint64_t base = address_ - offset;
      if (base % 8 == 0 && context_.memory.read_value(base + 36, references) &&
          references >> 3U >= 1) {
        wait_.object = base;
        break;
      }
    }
    return true;
  }

  bool join() {
    // The kernel clears the joined thread's TID word when it ends; the expected value is that TID.
    wait_.reason = WaitReason::kJoin;
    set_owner(static_cast<std::int32_t>(expected_), false);
    return true;
  }

  bool stdio() {
    wait_.reason = WaitReason::kStdioLock;
    std::uint64_t descriptor = 0;
    std::int32_t tid = 0;
    if (context_.runtime.stdio_layout && context_.memory.read_value(address_ + 8, descriptor) &&
        descriptor != 0 &&
        context_.memory.read_value(descriptor + context_.runtime.descriptor_tid_offset, tid)) {
      set_owner(tid, false);
    }
    return true;
  }

  const SleepingThread& thread_;
  const WaitContext& context_;
  std::uint64_t address_;
  int operation_;
  std::uint32_t expected_;
  Wait wait_;
};

}  // namespace

Wait find_futex_reason(const SleepingThread& thread, const WaitContext& context) {
  return FutexFinder(thread, context).find();
}

}  // namespace xgops::threads
