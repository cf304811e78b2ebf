// SPDX-License-Identifier: MIT
// Where records and frames come from and go to.
#include "tasks/registry.hpp"

#include "child.hpp"
#include "own_task.hpp"
#include "seen_task.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace xgops::tasks {
namespace {

using test::in_child;
using test::OwnTask;
using test::seen_task;
using test::SeenTask;

void make_jobs(std::size_t count) {
  std::vector<Job> jobs(count);
}
/// Runs `work` on a thread that ends with it.
template <class Work>
void on_a_thread(Work work) {
  std::thread(work).join();
}

TEST(RegistryTest, UsesRecordsAgain) {
  make_jobs(3000);
  const std::size_t before = registry().records().size();

  for (int i = 0; i < 50; ++i) {
    make_jobs(3000);
  }

  EXPECT_EQ(registry().records().size(), before);
}

std::size_t resident_bytes(const Arena& memory) {
  constexpr std::size_t kPage = 4096;
  const auto bytes = static_cast<std::size_t>(memory.end() - memory.begin());
  std::vector<unsigned char> pages(bytes / kPage);
  EXPECT_EQ(::mincore(memory.begin(), bytes, pages.data()), 0);
  return kPage *
         static_cast<std::size_t>(std::count_if(
             pages.begin(), pages.end(), [](unsigned char page) { return (page & 1U) != 0; }));
}

OwnTask wait_deeply(std::coroutine_handle<>& waiting, int depth) {
  if (depth > 0) {
    OwnTask callee = wait_deeply(waiting, depth - 1);
    co_await callee;
  }
  co_await test::Pause{waiting};
}

TEST(RegistryTest, GivesTheMemoryOfTasksThatEndedBackToTheSystem) {
  constexpr std::size_t kTasks = 40'000;
  // Empty slabs, and those that hold what the thread keeps for its next tasks.
  constexpr std::size_t kKept = std::size_t{12} << 20;
  const auto resident = [] {
    return resident_bytes(registry().record_memory()) + resident_bytes(registry().frames());
  };
  std::size_t at_peak = 0;
  for (int round = 0; round < 3; ++round) {
    std::vector<OwnTask> tasks;
    std::coroutine_handle<> waiting;
    for (std::size_t i = 0; i < kTasks; ++i) {
      tasks.push_back(wait_deeply(waiting, 3));
      tasks.back().start();
    }
    at_peak = resident();
    // As many tasks end, in an order unlike that in which they began.
    const std::size_t step = 7919;  // Coprime to their number.
    for (std::size_t i = 0, next = 0; i < kTasks; ++i, next = (next + step) % kTasks) {
      const OwnTask ended = std::move(tasks[next]);
    }
    EXPECT_LE(resident(), kKept) << round;
  }
#if !defined(XGOPS_FRAMES_ON_HEAP)
  EXPECT_GE(at_peak, 3 * kKept);
#endif
}

std::size_t bytes_of_frame_of(std::size_t bytes, std::size_t node_offset) {
  void* const frame = detail::allocate_frame(bytes);
  const auto node = reinterpret_cast<std::uint64_t>(frame) + node_offset;
  const std::size_t found = registry().frame_bytes(node);
  detail::free_frame(frame, bytes);
  return found;
}

TEST(RegistryTest, NumbersExecutorsByTheirAddress) {
  const int one = 0;
  const int other = 0;

  const std::uint16_t number = registry().executor_number(&one);

  EXPECT_NE(number, 0);
  EXPECT_EQ(registry().executor_number(&one), number);
  EXPECT_NE(registry().executor_number(&other), number);
}

TEST(RegistryTest, KeepsTheExecutorBesideTheParent) {
  xgops_task_thread_state.spawn_executor = 0x7fff;
  xgops_task_thread_state.spawn_detached = true;
  const TaskScope outer;
  const Job inner;
  const auto word_of = [](std::uint64_t id) {
    for (const auto& record : registry().records()) {
      if (detail::id_of(record) == id) {
        return record.parent.load();
      }
    }
    return std::uint64_t{0};
  };

  const std::uint64_t outer_word = word_of(current_task_id());

  EXPECT_EQ(detail::executor_of(outer_word), 0x7fff);
  EXPECT_NE(outer_word & detail::kDetached, 0U);
  EXPECT_EQ(outer_word & detail::kParentIdMask, 0U);
  EXPECT_EQ(word_of(inner.id()), current_task_id()) << "both were for the next task only";
  EXPECT_EQ(seen_task(inner.id())->parent, current_task_id());
}

TEST(RegistryTest, KnowsHowLargeFramesAre) {
#if !defined(XGOPS_FRAMES_ON_HEAP)
  for (const std::size_t bytes : {100UL, 512UL, 2048UL}) {
    EXPECT_EQ(bytes_of_frame_of(bytes, 16), (bytes + 15) / 16 * 16);
    EXPECT_EQ(bytes_of_frame_of(bytes, bytes - 8), (bytes + 15) / 16 * 16);
  }
#endif
  for (const std::size_t bytes : {2049UL, 4096UL, 200'000UL}) {
    EXPECT_EQ(bytes_of_frame_of(bytes, 16), bytes);
    EXPECT_EQ(bytes_of_frame_of(bytes, 24), bytes);
    EXPECT_EQ(bytes_of_frame_of(bytes, 600), bytes);
  }
}

TEST(RegistryTest, DoesNotKnowHowLargeOtherMemoryIs) {
  const auto heap = std::make_unique<std::uint64_t[]>(2000);
  const std::uint64_t on_stack = 0;

  EXPECT_EQ(registry().frame_bytes(reinterpret_cast<std::uint64_t>(&heap[1000])), 0U);
  EXPECT_EQ(registry().frame_bytes(reinterpret_cast<std::uint64_t>(&on_stack)), 0U);
  EXPECT_EQ(registry().frame_bytes(16), 0U);
}

TEST(RegistryTest, GetsRecordsBackFromThreadsThatEnd) {
  on_a_thread([] { make_jobs(700); });
  const std::size_t before = registry().records().size();

  for (int i = 0; i < 100; ++i) {
    on_a_thread([] { make_jobs(700); });
  }

  EXPECT_EQ(registry().records().size(), before);
}

TEST(RegistryTest, UsesFramesAgain) {
  constexpr std::size_t kBytes = 333;
  const auto use = [] {
    std::vector<void*> frames(2000);
    for (void*& frame : frames) {
      frame = detail::allocate_frame(kBytes);
    }
    for (void* const frame : frames) {
      detail::free_frame(frame, kBytes);
    }
  };
  on_a_thread(use);
  const std::byte* const before = registry().frames().end();

  for (int i = 0; i < 50; ++i) {
    use();
    on_a_thread(use);
  }

  EXPECT_LE(registry().frames().end() - before, std::ptrdiff_t{2} << 20);
}

struct UsesTasksAtTheEnd {
  ~UsesTasksAtTheEnd() { make_jobs(10); }
};

TEST(RegistryTest, ServesThreadLocalDestructors) {
  const std::uint64_t tasks_before = task_count();
  const auto end_late = [] {
    thread_local const UsesTasksAtTheEnd late;
    static_cast<void>(late);
    make_jobs(10);
  };
  on_a_thread(end_late);
  const std::size_t before = registry().records().size();

  for (int i = 0; i < 100; ++i) {
    on_a_thread(end_late);
  }

  EXPECT_EQ(registry().records().size(), before);
  EXPECT_EQ(task_count(), tasks_before);
}

TEST(RegistryTest, ServesDestructorsThatRunAfterItsOwn) {
  make_jobs(1);  // So that its key is the older one, whose destructor comes first.
  pthread_key_t key = 0;
  ASSERT_EQ(::pthread_key_create(&key, [](void*) { make_jobs(10); }), 0);
  const std::uint64_t tasks_before = task_count();
  const auto end_late = [key] {
    ::pthread_setspecific(key, &registry());
    make_jobs(10);
  };
  on_a_thread(end_late);
  const std::size_t before = registry().records().size();

  for (int i = 0; i < 100; ++i) {
    on_a_thread(end_late);
  }

  EXPECT_EQ(registry().records().size(), before);
  EXPECT_EQ(task_count(), tasks_before);
  ::pthread_key_delete(key);
}

TEST(RegistryTest, ShowsMoreTasksThanASlabHolds) {
  const std::vector<Job> jobs(5000);

  std::set<std::uint64_t> seen;
  visit_tasks([&](const TaskView& task) { seen.insert(task.id); });

  EXPECT_TRUE(std::all_of(jobs.begin(), jobs.end(),
                          [&](const Job& job) { return seen.count(job.id()) == 1; }));
}

TEST(RegistryTest, CountsTasksThatEndOnOtherThreads) {
  const TaskCounts before = registry().counts();
  std::vector<Job> jobs(100);

  on_a_thread([&] { jobs.clear(); });

  EXPECT_EQ(registry().counts().live, before.live);
  EXPECT_EQ(registry().counts().created, before.created + 100);
  EXPECT_EQ(registry().counts().unlisted, 0U);
}

OwnTask wander(std::coroutine_handle<>& waiting, std::vector<std::int32_t>& tids) {
  for (int i = 0; i < 20; ++i) {
    const auto self = seen_task(current_task_id());
    tids.push_back(self ? self->tid : -1);
    co_await test::Pause{waiting};
  }
}

TEST(RegistryTest, FollowsATaskFromThreadToThread) {
  const std::uint64_t before = task_count();
  std::coroutine_handle<> waiting;
  std::vector<std::int32_t> tids;
  std::vector<std::int32_t> expected;
  std::optional<OwnTask> task(wander(waiting, tids));
  waiting = task->handle();

  for (int i = 0; i < 21; ++i) {
    on_a_thread([&] {
      if (i < 20) {
        expected.push_back(::gettid());
      }
      waiting.resume();
      EXPECT_EQ(current_task_id(), 0U);
    });
  }

  EXPECT_TRUE(task->done());
  EXPECT_EQ(tids, expected);
  EXPECT_EQ(task_count(), before);
}

TEST(RegistryTest, GoesOnInAForkedChildAndInItsParent) {
  const Job waiting("of the parent");
  const TaskScope outer("outer");
  const std::uint64_t outer_id = current_task_id();
  const TaskScope running("running");

  const int result = in_child([&] {
    const auto seen = seen_task(waiting.id());
    if (!seen || seen->name != "of the parent") {
      return 1;
    }
    for (const std::uint64_t id : {current_task_id(), outer_id}) {
      const auto self = seen_task(id);
      if (!self || self->state != SeenTask::kRunning || self->tid != ::gettid()) {
        return 2;
      }
    }
    const std::uint64_t before = task_count();
    make_jobs(5000);
    const std::vector<Job> jobs(100);
    on_a_thread([] { make_jobs(100); });
    return task_count() == before + 100 ? 0 : 3;
  });

  EXPECT_EQ(result, 0);
  make_jobs(5000);
  EXPECT_EQ(seen_task(current_task_id())->tid, ::gettid());
}

OwnTask fork_while_waiting(const void* object, int& result) {
  struct Forks {
    const void* object;
    int& result;
    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> /*self*/) noexcept {
      static constexpr WaitKind kLock{WaitReason::kMutexLock};
      announce_wait(kLock, object);
      result = in_child([&] {
        const auto self = seen_task(current_task_id());
        const std::uint64_t argument =
            detail::record_of(xgops_task_thread_state.current)->argument.load();
        return self && self->wait == "mutex lock" &&
                       argument == reinterpret_cast<std::uint64_t>(object)
                   ? 0
                   : 1;
      });
      return false;
    }
    void await_resume() noexcept {}
  };
  co_await Forks{object, result};
}

TEST(RegistryTest, LeavesAWaitAloneThatForksWhileItBegins) {
  int result = -1;
  OwnTask task = fork_while_waiting(&result, result);

  task.start();

  EXPECT_EQ(result, 0);
}

TEST(RegistryTest, ServesStaticDestructorsAndDetachedThreadsAtExit) {
  const int result = in_child([] {
    std::atomic<bool> runs{false};
    std::thread([&runs] {
      for (;;) {
        make_jobs(10);
        runs = true;
      }
    }).detach();
    while (!runs) {
      std::this_thread::yield();
    }
    std::atexit([] {
      make_jobs(1000);
      const TaskScope scope("late");
      ::_exit(seen_task(current_task_id()) ? 42 : 1);
    });
    std::exit(0);
    return 0;
  });

  EXPECT_EQ(result, 42);
}

}  // namespace
}  // namespace xgops::tasks
