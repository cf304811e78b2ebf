// SPDX-License-Identifier: MIT
// Reading tasks while they go on, and what is no chain at all.
#include "tasks/snapshot.hpp"

#include "own_task.hpp"
#include "support/sync/executor.hpp"
#include "support/sync/wait_group.hpp"
#include "tasks/details.hpp"
#include "tasks/source_text.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace xgops::tasks {
namespace {

using test::OwnTask;
using test::sync::Executor;
using test::sync::Task;

/// A sighting that outlives the snapshot.
struct Sighting : TaskSighting {
  std::vector<FrameSite> sites;
};

std::vector<Sighting> read_all(const SnapshotOptions& options = {}) {
  std::vector<Sighting> all;
  TaskReader reader(registry());
  reader.read(options, [&](const TaskSighting& task) {
    all.push_back({task, {task.frames.begin(), task.frames.end()}});
  });
  return all;
}

/// A task whose innermost frame is said to be at `top`.
class FakeTask {
 public:
  explicit FakeTask(const void* top)
      : record_(detail::create_task(static_cast<detail::TaskNode*>(const_cast<void*>(top)))) {
    detail::close_record(record_);
  }
  ~FakeTask() { detail::release_task(record_); }
  FakeTask(const FakeTask&) = delete;
  FakeTask& operator=(const FakeTask&) = delete;

  [[nodiscard]] std::optional<Sighting> read(std::size_t max_frames = 64) const {
    SnapshotOptions options;
    options.max_frames = max_frames;
    options.only_id = detail::id_of(record_);
    const auto all = read_all(options);
    return all.size() == 1 ? std::optional(all.front()) : std::nullopt;
  }

 private:
  ::xgops_task_record& record_;
};

void expect_partial(const void* top, std::size_t frames) {
  const FakeTask task(top);
  const auto seen = task.read();
  ASSERT_TRUE(seen) << top;
  EXPECT_EQ(seen->consistency, Consistency::kPartial) << top;
  EXPECT_EQ(seen->sites.size(), frames) << top;
}

TEST(SnapshotTest, SurvivesFramesThatAreNowhere) {
  void* const page = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  const std::uint64_t addresses[]{8,
                                  3,
                                  0x7fff'ffff'fff8,
                                  0xffff'ffff'ffff'fff8,
                                  0x1234'5678'9abc'def0,
                                  reinterpret_cast<std::uint64_t>(page)};

  for (const std::uint64_t address : addresses) {
    expect_partial(reinterpret_cast<const void*>(address), 0);
  }
  ::munmap(page, 4096);
  expect_partial(page, 0);
}

TEST(SnapshotTest, SurvivesAFrameAtTheEndOfWhatIsMapped) {
  auto* const pages = static_cast<std::byte*>(
      ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ::munmap(pages + 4096, 4096);

  const FakeTask whole(pages + 4096 - sizeof(detail::TaskNode));
  EXPECT_EQ(whole.read()->sites.size(), 1U);
  EXPECT_EQ(whole.read()->consistency, Consistency::kExact);
  expect_partial(pages + 4096 - 16, 0);
  ::munmap(pages, 4096);
}

TEST(SnapshotTest, SurvivesFramesAtOddAddresses) {
  alignas(8) static std::array<std::byte, 64> bytes{};
  const FakeTask outside(bytes.data() + 3);
  EXPECT_TRUE(outside.read());

  void* const frame = detail::allocate_frame(256);
  const std::byte* const inside = static_cast<const std::byte*>(frame) + 128 + 1;
  {
    const FakeTask task(inside);
    EXPECT_TRUE(task.read());
  }
  detail::free_frame(frame, 256);
}

TEST(SnapshotTest, DoesNotTakeTheDetailsOfANewTaskForThoseOfTheOneThatWasSeen) {
  const std::uint64_t none = xgops_task_count();
  auto seen = std::make_unique<Job>("seen");
  std::unique_ptr<Job> next;
  TaskReader reader(registry());
  SnapshotOptions options;
  options.only_id = seen->id();

  reader.read(options, [&](const TaskSighting& task) {
    Details of_task;
    EXPECT_TRUE(details().read_of(task.record, task.id, of_task));
    EXPECT_STREQ(of_task.name.data(), "seen");
    seen.reset();
    EXPECT_FALSE(details().read_of(task.record, task.id, of_task));
    next = std::make_unique<Job>("next");

    EXPECT_NE(task.record->details, 0U) << "the record is used again";
    EXPECT_FALSE(details().read_of(task.record, task.id, of_task)) << of_task.name.data();
    EXPECT_TRUE(details().read_of(task.record, next->id(), of_task));
  });

  EXPECT_EQ(xgops_task_count(), none + 1);
}

TEST(SnapshotTest, EndsWhereFramesGoInACircle) {
  detail::TaskNode first;
  detail::TaskNode second;
  first.caller = &second;
  second.caller = &first;
  expect_partial(&first, 64);

  first.location = detail::TaskNode::kHidden;
  second.location = detail::TaskNode::kHidden;
  expect_partial(&first, 0);
}

TEST(SnapshotTest, LeavesFramesOutBeyondWhatIsAskedFor) {
  detail::TaskNode outer;
  detail::TaskNode inner;
  inner.caller = &outer;
  const FakeTask task(&inner);

  EXPECT_EQ(task.read(2)->consistency, Consistency::kExact);
  EXPECT_EQ(task.read(1)->consistency, Consistency::kPartial);
  EXPECT_EQ(task.read(1)->sites.size(), 1U);
}

TEST(SnapshotTest, HidesFramesThatAreNoFunctionOfTheUsers) {
  detail::TaskNode outer;
  detail::TaskNode inner;
  inner.caller = &outer;
  inner.location = detail::TaskNode::kHidden;
  const FakeTask task(&inner);

  EXPECT_EQ(task.read()->sites.size(), 1U);
}

TEST(SnapshotTest, ShowsOnlyTheTaskAskedFor) {
  const Job job;
  const Job other;

  SnapshotOptions options;
  options.only_id = job.id();
  const auto seen = read_all(options);

  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().id, job.id());
}

TEST(SnapshotTest, EndsWhenItIsCancelled) {
  const Job job;
  SnapshotOptions options;
  options.cancelled = [] { return true; };
  TaskReader reader(registry());

  const SnapshotSummary summary = reader.read(options, [](const TaskSighting&) { FAIL(); });

  EXPECT_TRUE(summary.cancelled);
}

TEST(SnapshotTest, CountsRunningTasks) {
  const Job waiting;
  const TaskScope running;
  TaskReader reader(registry());

  const SnapshotSummary summary = reader.read({}, [](const TaskSighting&) {});

  EXPECT_EQ(summary.running, 1U);
  EXPECT_EQ(summary.total, task_count());
  EXPECT_EQ(summary.dropped, 0U);
}

TEST(AgeTest, IsInNanosecondsAndWrapsAround) {
  EXPECT_EQ(age_between(100, 100), 0);
  EXPECT_EQ(age_between(100, 100 + detail::kTicksPerSecond), 1'000'000'000);
  EXPECT_EQ(age_between(~0U, 127), 1'000'000'000);
  EXPECT_EQ(age_between(101, 100), 0) << "it began after the clock was read";
}

// Its chain is always one of: outer, middle outer, inner middle outer.
struct Yield {
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) noexcept { Executor::current()->post(self); }
  void await_resume() noexcept {}
};
Task<> inner() {
  co_await Yield{};
}
Task<> middle() {
  co_await inner();
  co_await Yield{};
}
Task<> outer(const std::atomic<bool>& stop) {
  while (!stop) {
    co_await middle();
  }
}

TEST(SnapshotTest, ShowsChainsThatChangeAsTheyAreAtOneMoment) {
  std::atomic<bool> stop{false};
  Executor executor(2);
  for (int i = 0; i < 8; ++i) {
    executor.spawn(outer(stop));
  }

  int exact = 0;
  for (int round = 0; round < 2000; ++round) {
    for (const Sighting& task : read_all()) {
      std::string chain;
      for (const FrameSite& site : task.sites) {
        const std::string function = place_at(site.location, site.function).function;
        chain += function.find("inner(") != std::string::npos    ? 'i'
                 : function.find("middle(") != std::string::npos ? 'm'
                 : function.find("outer(") != std::string::npos  ? 'o'
                                                                 : '?';
      }
      if (task.consistency == Consistency::kExact && task.state == detail::kTaskWaiting) {
        EXPECT_TRUE(chain == "o" || chain == "mo" || chain == "imo") << chain;
        ++exact;
      }
    }
  }
  stop = true;
  executor.run_until_idle();

  EXPECT_GT(exact, 0);
}

}  // namespace
}  // namespace xgops::tasks
