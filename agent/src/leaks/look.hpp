// SPDX-License-Identifier: MIT
// One look at all tasks and, where asked for, threads of this process, for a leak check.
#pragma once

#include "leaks/scoped_threads.hpp"
#include "support/unique_fd.hpp"
#include "tasks/leak_scopes.hpp"
#include "tasks/snapshot.hpp"
#include "tasks/source.hpp"
#include "threads/capture.hpp"
#include "xgops/tasks.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <sys/types.h>

namespace xgops::leaks {

enum class TaskState : std::uint8_t { kCreated, kReady, kRunning, kWaiting };

/// What a task waits for, by the address of its `TaskOperation`.
struct WaitWords {
  WaitReason reason = WaitReason::kNone;
  std::string words;  ///< "channel receive"
};

struct SeenTask {
  std::uint64_t id = 0;
  const tasks::RawRecord* record = nullptr;  ///< For `DetailTable::read_of`.
  std::uint64_t parent = 0;
  std::uint64_t argument = 0;
  std::uint64_t created_at = 0;     ///< As `CodeLocation::word`.
  const WaitWords* wait = nullptr;  ///< Null: it does not wait.
  std::int64_t age_ns = -1;
  std::uint32_t resumed = 0;
  std::uint32_t chain = 0;  ///< Index into `Look::chains`.
  pid_t tid = 0;            ///< Of a running one.
  TaskState state = TaskState::kCreated;
  detail::TaskArgumentBits argument_kind = detail::kArgumentNone;
  bool is_suspect = false;  ///< Within the scope that was asked for.
};

struct SeenThread {
  threads::ThreadFacts facts;
  std::vector<threads::Frame> frames;  ///< Innermost first.
  std::string problem;                 ///< Why frames are missing; "" when none are.
  std::optional<ScopedThread> birth;
  bool is_suspect = false;
};

/// Equal chains once. Lives as long as a check: later looks find the chains of earlier ones.
class Chains {
 public:
  using Chain = std::vector<tasks::FrameSite>;
  [[nodiscard]] std::uint32_t intern(std::span<const tasks::FrameSite> frames);
  [[nodiscard]] const Chain& at(std::uint32_t index) const { return chains_[index]; }
  [[nodiscard]] std::size_t size() const noexcept { return chains_.size(); }

 private:
  std::vector<Chain> chains_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_hash_;
};

/// What is the same in all looks of a check.
struct LookTables {
  tasks::TaskSource source = tasks::own_source();
  Chains chains;
  std::unordered_map<std::uint64_t, WaitWords> waits;
};

struct Look {
  std::vector<SeenTask> tasks;
  std::vector<SeenThread> threads;
  std::vector<threads::Module> modules;  ///< Where the threads' frames lie.
  std::uint64_t missed = 0;              ///< Tasks that changed all the while.
};

/// Tasks of the tables' source. Those within `scope` are suspects, all for 0. Throws
/// std::bad_alloc. Cost: 0.1 us a task, stops no thread.
void look_at_tasks(tasks::LeakScope scope, LookTables& tables, Look& look);

/// Threads within `scope` are suspects; for 0 all but main, the calling one and the agent's.
/// Running threads get the capture signal unless an agent runs that may do the same just now.
/// Throws std::bad_alloc. Cost: 0.1 ms, and 30 us a thread.
void look_at_threads(tasks::LeakScope scope, Look& look);

/// /proc/self/task, for `threads::TaskFiles`.
[[nodiscard]] support::UniqueFd task_directory() noexcept;

/// Tells a thread from a later one with the same id; 0: it has ended. Cost: 5 us.
[[nodiscard]] std::uint64_t thread_key(pid_t tid);
/// Of all threads. Cost: 4 us a thread.
[[nodiscard]] std::vector<std::uint64_t> thread_keys();

}  // namespace xgops::leaks
