// SPDX-License-Identifier: MIT
// The capture on threads of the test's own, each brought into a known state first.
#include "support/unique_fd.hpp"
#include "threads/capture.hpp"
#include "threads/runtime.hpp"
#include "threads/task_files.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class Collected final : public CaptureSink {
 public:
  void on_module(Module module) override { modules.push_back(std::move(module)); }
  void on_stack(Stack stack) override { stacks[stack.id] = std::move(stack); }
  void on_thread(ThreadStack thread) override { threads[thread.facts.tid] = std::move(thread); }

  [[nodiscard]] bool stack_has(pid_t tid, const void* function, std::uint64_t bytes) const {
    const auto begin = reinterpret_cast<std::uint64_t>(function);
    const auto stack = stacks.find(threads.at(tid).stack_id);
    if (stack == stacks.end()) {
      return false;
    }
    for (const Frame& frame : stack->second.frames) {
      if (frame.instruction_pointer >= begin && frame.instruction_pointer < begin + bytes) {
        return true;
      }
    }
    return false;
  }

  std::vector<Module> modules;
  std::map<std::uint32_t, Stack> stacks;
  std::map<pid_t, ThreadStack> threads;
};

pid_t gettid() {
  return static_cast<pid_t>(::syscall(SYS_gettid));
}

class InspectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    signal_ = install_capture_signal(0, why);
    ASSERT_NE(signal_, 0) << why;
    InspectorOptions options;
    options.task_directory_fd = directory_.get();
    options.signal = signal_;
    inspector_ = std::make_unique<Inspector>(options, probe_runtime());
  }
  void TearDown() override { uninstall_capture_signal(signal_); }

  CaptureSummary capture(Collected& collected, const CaptureRequest* wanted = nullptr) {
    CaptureRequest request;
    if (wanted != nullptr) {
      request = *wanted;
    }
    request.deadline = steady_clock::now() + 10s;
    const auto summary = inspector_->capture(request, collected);
    EXPECT_TRUE(summary) << summary.error().message();
    return summary ? *summary : CaptureSummary{};
  }

  /// Waits until `tid` sleeps in system call `number`.
  void await_sleep(pid_t tid, int number) {
    const auto deadline = steady_clock::now() + 10s;
    std::array<char, 256> buffer{};
    while (steady_clock::now() < deadline) {
      const auto facts = parse_system_call(files_.read(tid, "syscall", buffer));
      if (facts.kind == SystemCallFacts::Kind::kBlocked && facts.number == number) {
        return;
      }
      std::this_thread::yield();
    }
    FAIL() << "thread " << tid << " did not fall asleep in call " << number;
  }

  support::UniqueFd directory_{::open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  TaskFiles files_{directory_.get()};
  int signal_ = 0;
  std::unique_ptr<Inspector> inspector_;
};

/// A thread that publishes its TID and ends when the test does.
template <class Body>
class Started {
 public:
  explicit Started(Body body)
      : thread_([this, body] {
          tid_.store(gettid(), std::memory_order_release);
          body();
        }) {
    while (tid_.load(std::memory_order_acquire) == 0) {
      std::this_thread::yield();
    }
  }
  ~Started() { thread_.join(); }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  [[nodiscard]] pid_t tid() const { return tid_.load(std::memory_order_acquire); }

 private:
  std::atomic<pid_t> tid_{0};
  std::thread thread_;
};

TEST_F(InspectorTest, NamesTheOwnerOfAMutex) {
  std::mutex mutex;
  std::unique_lock hold(mutex);
  const Started waiter([&mutex] { const std::lock_guard lock(mutex); });
  await_sleep(waiter.tid(), SYS_futex);
  Collected collected;

  capture(collected);

  const ThreadStack& thread = collected.threads.at(waiter.tid());
  EXPECT_EQ(thread.facts.wait.reason, WaitReason::kMutexLock);
  EXPECT_EQ(thread.facts.wait.owner_tid, gettid());
  EXPECT_EQ(thread.facts.wait.owner_state, OwnerState::kLive);
  EXPECT_EQ(thread.facts.wait.object, reinterpret_cast<std::uint64_t>(mutex.native_handle()));
  EXPECT_EQ(thread.status, StackStatus::kExact) << thread.reason;
  EXPECT_EQ(thread.method, StackMethod::kRead);
  EXPECT_FALSE(thread.facts.wait.inferred);
  hold.unlock();
}

/// A thread that reads a byte at a time from a pipe, one call deeper each time.
class PipeReader {
 public:
  PipeReader() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~PipeReader() {
    ::close(ends_[1]);
    thread_.join();
    ::close(ends_[0]);
  }
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;

  void start() {
    thread_ = std::thread([this] {
      tid_.store(gettid());
      for (int depth = 0; read_at(depth); ++depth) {
      }
    });
    while (tid_.load() == 0) {
      std::this_thread::yield();
    }
  }
  void feed() { ASSERT_EQ(::write(ends_[1], "x", 1), 1); }
  [[nodiscard]] pid_t tid() const { return tid_.load(); }
  [[nodiscard]] int bytes_read() const { return bytes_read_.load(); }

  [[gnu::noinline]] bool read_at(int depth) {
    const bool more = depth == 0 ? read_one() : read_at(depth - 1);
    asm volatile("" ::: "memory");  // Neither call is a jump.
    return more;
  }

 private:
  bool read_one() {
    char byte = 0;
    // Not by read(): a sanitizer's wrapper of it is in the way of the frames below.
    const bool more = ::syscall(SYS_read, ends_[0], &byte, 1) == 1;
    bytes_read_.fetch_add(more ? 1 : 0);
    return more;
  }

  std::array<int, 2> ends_{};
  std::atomic<pid_t> tid_{0};
  std::atomic<int> bytes_read_{0};
  std::thread thread_;
};

/// The instruction pointers of a thread.
std::vector<std::uint64_t> pointers_of(const Collected& collected, pid_t tid) {
  std::vector<std::uint64_t> pointers;
  for (const Frame& frame : collected.stacks.at(collected.threads.at(tid).stack_id).frames) {
    pointers.push_back(frame.instruction_pointer);
  }
  return pointers;
}

TEST_F(InspectorTest, RemembersASleeperExactly) {
  PipeReader reader;
  reader.start();
  await_sleep(reader.tid(), SYS_read);
  Collected first;
  Collected again;
  Collected fresh;

  capture(first);
  capture(again);
  inspector_ = std::make_unique<Inspector>(
      InspectorOptions{.task_directory_fd = directory_.get(), .signal = signal_}, probe_runtime());
  capture(fresh);

  EXPECT_EQ(pointers_of(again, reader.tid()), pointers_of(fresh, reader.tid()));
  const ThreadStack& remembered = again.threads.at(reader.tid());
  const ThreadStack& read_anew = fresh.threads.at(reader.tid());
  EXPECT_EQ(remembered.status, read_anew.status);
  EXPECT_EQ(remembered.method, read_anew.method);
  EXPECT_EQ(remembered.facts.wait.reason, read_anew.facts.wait.reason);
  EXPECT_EQ(remembered.facts.wait.detail, read_anew.facts.wait.detail);
  EXPECT_EQ(remembered.facts.cpu_ns, read_anew.facts.cpu_ns);
  EXPECT_GE(remembered.facts.state_age_ns, first.threads.at(reader.tid()).facts.state_age_ns);
}

/// A thread that goes to a CPU, notes the time and waits there until the test ends.
class Parked {
 public:
  explicit Parked(unsigned cpu) : cpu_(cpu), thread_([this] { park(); }) {}
  ~Parked() {
    ::sem_post(&wake_);
    thread_.join();
  }
  Parked(const Parked&) = delete;
  Parked& operator=(const Parked&) = delete;

  [[nodiscard]] pid_t await_tid() const {
    while (tid_.load() == 0) {
      std::this_thread::yield();
    }
    return tid_.load();
  }
  [[nodiscard]] steady_clock::time_point since() const { return since_; }

 private:
  void park() {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu_, &set);
    EXPECT_EQ(::sched_setaffinity(0, sizeof(set), &set), 0);
    since_ = steady_clock::now();
    tid_.store(gettid());
    while (::sem_wait(&wake_) != 0) {
    }
  }

  unsigned cpu_;
  sem_t wake_{};  // All zero: nobody may pass.
  steady_clock::time_point since_;
  std::atomic<pid_t> tid_{0};
  std::thread thread_;
};

/// The calling thread runs on one CPU while it lives.
class Pinned {
 public:
  explicit Pinned(unsigned cpu) {
    EXPECT_EQ(::sched_getaffinity(0, sizeof(before_), &before_), 0);
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    EXPECT_EQ(::sched_setaffinity(0, sizeof(only), &only), 0);
  }
  ~Pinned() { ::sched_setaffinity(0, sizeof(before_), &before_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_{};
};

TEST_F(InspectorTest, KnowsHowLongAThreadSleepsOnWhicheverCpu) {
  std::array<char, 4096> buffer{};
  if (!parse_sched(files_.read(gettid(), "sched", buffer))) {
    GTEST_SKIP() << "this kernel has no sched file (CONFIG_SCHED_DEBUG)";
  }
  if (::prctl(PR_GET_SECCOMP) != 0) {
    GTEST_SKIP() << "under a seccomp filter no clocks are visited";
  }
  cpu_set_t allowed;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  std::map<unsigned, Parked> parked;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE && parked.size() < 16; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) {
      parked.try_emplace(cpu, cpu);
    }
  }
  for (const auto& [cpu, thread] : parked) {
    await_sleep(thread.await_tid(), SYS_futex);
  }
  for (const auto& entry : parked) {
    // The schedulers' clocks may differ by seconds, in either direction.
    const Pinned here(entry.first);
    std::size_t known = 0;
    // A CPU under load may answer too late, and then no age is given for some seconds.
    for (int round = 0; round < 100 && known < parked.size(); ++round) {
      inspector_ = std::make_unique<Inspector>(
          InspectorOptions{.task_directory_fd = directory_.get(), .signal = signal_},
          probe_runtime());
      Collected collected;
      const auto begin = steady_clock::now();
      capture(collected);
      const auto end = steady_clock::now();
      known = 0;
      for (const auto& [cpu, thread] : parked) {
        const std::int64_t age = collected.threads.at(thread.await_tid()).facts.state_age_ns;
        if (age >= 0) {
          ++known;
          EXPECT_LE(age, (end - thread.since() + 20ms).count()) << "CPU " << cpu;
          EXPECT_GE(age, ((begin - thread.since()) / 2 - 20ms).count()) << "CPU " << cpu;
        }
      }
    }
    EXPECT_EQ(known, parked.size());
  }
}

TEST_F(InspectorTest, LeavesNoThreadBehind) {
  Collected collected;
  const auto before = files_.list();

  capture(collected);

  const auto deadline = steady_clock::now() + 10s;
  while (files_.list()->size() != before->size() && steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(*files_.list(), *before);
}

TEST_F(InspectorTest, ReadsAThreadAnewThatHasRun) {
  PipeReader reader;
  reader.start();
  await_sleep(reader.tid(), SYS_read);
  Collected before;
  capture(before);

  reader.feed();
  while (reader.bytes_read() == 0) {
    std::this_thread::yield();
  }
  await_sleep(reader.tid(), SYS_read);
  Collected after;
  capture(after);

  EXPECT_NE(pointers_of(after, reader.tid()), pointers_of(before, reader.tid()))
      << "it waits elsewhere now";
}

TEST_F(InspectorTest, SeesWhatOthersChangeWhileAThreadSleeps) {
  std::mutex mutex;
  std::unique_lock hold(mutex);
  const Started waiter([&mutex] { const std::lock_guard lock(mutex); });
  await_sleep(waiter.tid(), SYS_futex);
  Collected before;
  capture(before);
  std::ofstream("/proc/self/task/" + std::to_string(waiter.tid()) + "/comm") << "renamed";
  // As if it had changed hands.
  auto* const owner = reinterpret_cast<std::int32_t*>(mutex.native_handle()) + 2;
  const std::int32_t real_owner = *owner;
  const Started other([] {});
  *owner = other.tid();
  Collected after;

  capture(after);

  *owner = real_owner;
  hold.unlock();
  EXPECT_EQ(before.threads.at(waiter.tid()).facts.wait.owner_tid, gettid());
  EXPECT_EQ(after.threads.at(waiter.tid()).facts.wait.owner_tid, other.tid());
  EXPECT_EQ(after.threads.at(waiter.tid()).facts.name, "renamed");
}

TEST_F(InspectorTest, GivesAsManyFramesOfASleeperAsAreAskedForNow) {
  PipeReader reader;
  reader.start();
  await_sleep(reader.tid(), SYS_read);
  Collected whole;
  Collected cut;
  CaptureRequest request;
  request.max_frames = 2;

  capture(whole);
  capture(cut, &request);

  EXPECT_EQ(pointers_of(cut, reader.tid()).size(), 2U);
  EXPECT_GT(pointers_of(whole, reader.tid()).size(), 2U);
}

TEST_F(InspectorTest, TellsAnOwnerThatHasEnded) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pid_t owner = 0;
  std::thread([&] {
    owner = gettid();
    ::pthread_mutex_lock(&mutex);
  }).join();
  while (files_.exists(owner)) {
    std::this_thread::yield();
  }
  const Started waiter([&mutex] { ::pthread_mutex_lock(&mutex); });
  await_sleep(waiter.tid(), SYS_futex);
  Collected collected;

  capture(collected);

  const Wait& wait = collected.threads.at(waiter.tid()).facts.wait;
  EXPECT_EQ(wait.reason, WaitReason::kMutexLock);
  EXPECT_EQ(wait.owner_tid, owner);
  EXPECT_EQ(wait.owner_state, OwnerState::kExited);
  ::pthread_mutex_unlock(&mutex);
}

TEST_F(InspectorTest, TellsReadersFromTheWriterOfARwlock) {
  std::shared_mutex written;
  std::shared_mutex read;
  written.lock();
  read.lock_shared();
  const Started reader([&written] { const std::shared_lock lock(written); });
  const Started writer([&read] { const std::unique_lock lock(read); });
  await_sleep(reader.tid(), SYS_futex);
  await_sleep(writer.tid(), SYS_futex);
  Collected collected;

  capture(collected);

  const Wait& for_writer = collected.threads.at(reader.tid()).facts.wait;
  EXPECT_EQ(for_writer.reason, WaitReason::kRwlockRead);
  EXPECT_EQ(for_writer.owner_tid, gettid());
  const Wait& for_readers = collected.threads.at(writer.tid()).facts.wait;
  EXPECT_EQ(for_readers.reason, WaitReason::kRwlockWrite);
  EXPECT_EQ(for_readers.owner_tid, 0);
  EXPECT_EQ(for_readers.readers, 1U);
  written.unlock();
  read.unlock_shared();
}

TEST_F(InspectorTest, TellsATimedConditionWaitFromAnEndlessOne) {
  std::mutex mutex;
  std::condition_variable condition;
  bool done = false;
  const Started endless([&] {
    std::unique_lock lock(mutex);
    condition.wait(lock, [&done] { return done; });
  });
  const Started timed([&] {
    std::unique_lock lock(mutex);
    condition.wait_for(lock, 1h, [&done] { return done; });
  });
  await_sleep(endless.tid(), SYS_futex);
  await_sleep(timed.tid(), SYS_futex);
  Collected collected;

  capture(collected);

  const Wait& first = collected.threads.at(endless.tid()).facts.wait;
  EXPECT_EQ(first.reason, WaitReason::kConditionWait);
  EXPECT_FALSE(first.timed);
  const Wait& second = collected.threads.at(timed.tid()).facts.wait;
  EXPECT_EQ(second.reason, WaitReason::kConditionWait);
  EXPECT_TRUE(second.timed);
  EXPECT_GT(second.timeout_ns, 3'000'000'000'000);
  EXPECT_EQ(first.object, second.object);
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  condition.notify_all();
}

TEST_F(InspectorTest, DescribesTheSocketThatIsReadFrom) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const support::UniqueFd near(pair[0]);
  support::UniqueFd far(pair[1]);
  const Started reader([&near] {
    char byte = 0;
    while (::read(near.get(), &byte, 1) > 0) {
    }
  });
  await_sleep(reader.tid(), SYS_read);
  Collected collected;

  capture(collected);

  const Wait& wait = collected.threads.at(reader.tid()).facts.wait;
  EXPECT_EQ(wait.reason, WaitReason::kSocketRead);
  EXPECT_EQ(wait.fd, near.get());
  EXPECT_NE(wait.detail.find("unix"), std::string::npos) << wait.detail;
  far.reset();
}

std::atomic<bool> g_spin{true};
__attribute__((noinline)) void spin_until_told() {
  while (g_spin.load(std::memory_order_relaxed)) {
  }
  asm volatile("");
}

TEST_F(InspectorTest, AsksARunningThreadBySignal) {
  g_spin = true;
  const Started spinner([] { spin_until_told(); });
  Collected collected;

  const CaptureSummary summary = capture(collected);

  const ThreadStack& thread = collected.threads.at(spinner.tid());
  EXPECT_EQ(thread.facts.wait.reason, WaitReason::kRunning);
  EXPECT_EQ(thread.method, StackMethod::kSignal) << thread.reason;
  EXPECT_EQ(thread.status, StackStatus::kExact) << thread.reason;
  EXPECT_GE(summary.interrupted, 1U);
  EXPECT_TRUE(
      collected.stack_has(spinner.tid(), reinterpret_cast<const void*>(&spin_until_told), 64));
  g_spin = false;
}

TEST_F(InspectorTest, DoesNotInterruptWhenToldNotTo) {
  g_spin = true;
  const Started spinner([] { spin_until_told(); });
  CaptureRequest request;
  request.interrupt = false;
  Collected collected;

  const CaptureSummary summary = capture(collected, &request);

  EXPECT_EQ(summary.interrupted, 0U);
  EXPECT_EQ(collected.threads.at(spinner.tid()).status, StackStatus::kUnavailable);
  EXPECT_FALSE(collected.threads.at(spinner.tid()).reason.empty());
  g_spin = false;
}

TEST_F(InspectorTest, DeclaresARunningThreadThatBlocksTheSignal) {
  g_spin = true;
  const Started spinner([] {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    g_spin.notify_all();
    spin_until_told();
  });
  std::array<char, 4096> buffer{};
  while (parse_status(files_.read(spinner.tid(), "status", buffer))->blocked == 0) {
    std::this_thread::yield();
  }
  Collected collected;

  capture(collected);

  const ThreadStack& thread = collected.threads.at(spinner.tid());
  EXPECT_EQ(thread.status, StackStatus::kUnavailable);
  EXPECT_NE(thread.reason.find("blocks signal"), std::string::npos) << thread.reason;
  g_spin = false;
}

TEST_F(InspectorTest, IgnoresItsSignalWhenSomebodyElseSendsIt) {
  EXPECT_EQ(::raise(signal_), 0);
  sigval value{};
  value.sival_ptr = &value;
  EXPECT_EQ(::sigqueue(::getpid(), signal_, value), 0);
}

TEST_F(InspectorTest, RefusesASignalThatTheProgramUses) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGRTMIN + 5, &action, nullptr), 0);
  std::string why;
  EXPECT_EQ(install_capture_signal(SIGRTMIN + 5, why), 0);
  EXPECT_NE(why.find("used by the program"), std::string::npos) << why;
  EXPECT_EQ(install_capture_signal(SIGUSR1, why), 0);
  EXPECT_EQ(install_capture_signal(-1, why), 0);
  ::signal(SIGRTMIN + 5, SIG_DFL);
}

TEST_F(InspectorTest, CutsAStackAtTheLimitAndSaysSo) {
  std::mutex mutex;
  std::unique_lock hold(mutex);
  const Started waiter([&mutex] { const std::lock_guard lock(mutex); });
  await_sleep(waiter.tid(), SYS_futex);
  CaptureRequest request;
  request.tid = waiter.tid();
  request.max_frames = 2;
  Collected collected;

  capture(collected, &request);

  ASSERT_EQ(collected.threads.size(), 1U);
  const Stack& stack = collected.stacks.at(collected.threads.at(waiter.tid()).stack_id);
  EXPECT_EQ(stack.frames.size(), 2U);
  EXPECT_TRUE(stack.truncated);
  hold.unlock();
}

TEST_F(InspectorTest, ReportsAThreadThatDoesNotExist) {
  CaptureRequest request;
  request.tid = 1 << 30;
  request.deadline = steady_clock::now() + 1s;
  Collected collected;
  const auto summary = inspector_->capture(request, collected);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, std::make_error_code(std::errc::no_such_process));
}

TEST_F(InspectorTest, StopsWhenNobodyWaitsForTheAnswer) {
  CaptureRequest request;
  request.deadline = steady_clock::now() + 1s;
  request.cancelled = [] { return true; };
  Collected collected;
  const auto summary = inspector_->capture(request, collected);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, std::make_error_code(std::errc::operation_canceled));
}

TEST_F(InspectorTest, SaysThatTheDeadlineCutTheAnswer) {
  CaptureRequest request;
  request.deadline = steady_clock::now() - 1s;
  Collected collected;
  const auto summary = inspector_->capture(request, collected);
  ASSERT_TRUE(summary);
  EXPECT_TRUE(summary->truncated);
}

TEST(RuntimeTest, ConfirmsTheLayoutsOfThisLibrary) {
  const auto runtime = probe_runtime();
  EXPECT_TRUE(runtime->mutex_layout);
  EXPECT_TRUE(runtime->rwlock_layout);
  EXPECT_TRUE(runtime->stdio_layout);
  EXPECT_GT(runtime->wait_functions.size(), 40U);
  EXPECT_EQ(runtime->find(1), WaitCall::kNone);
}

}  // namespace
}  // namespace xgops::threads
