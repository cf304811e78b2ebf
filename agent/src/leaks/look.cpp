// SPDX-License-Identifier: MIT
#include "leaks/look.hpp"

#include "leaks/thread_capture.hpp"
#include "tasks/details.hpp"
#include "tasks/operation_names.hpp"
#include "tasks/registry.hpp"
#include "threads/task_files.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::leaks {
namespace {

constexpr std::size_t kMaxFrames = 64;

TaskState state_of(const tasks::TaskSighting& task, const WaitWords* wait) {
  switch (task.state) {
    case detail::kTaskRunning:
      return TaskState::kRunning;
    case detail::kTaskWaiting:
      return wait->reason == WaitReason::kPost ? TaskState::kReady : TaskState::kWaiting;
    default:
      return TaskState::kCreated;
  }
}

/// Whether scopes lie within one; asks once for each.
class ScopeFilter {
 public:
  explicit ScopeFilter(tasks::LeakScope scope) : scope_(scope) {}

  [[nodiscard]] bool contains(tasks::LeakScope scope) {
    if (scope_ == 0 || scope == scope_) {
      return true;
    }
    if (scope == 0) {
      return false;
    }
    const auto [entry, is_new] = known_.try_emplace(scope);
    if (is_new) {
      entry->second = tasks::leak_scopes().is_within(scope, scope_);
    }
    return entry->second;
  }

 private:
  const tasks::LeakScope scope_;
  std::unordered_map<tasks::LeakScope, bool> known_;
};

/// Cannot be told while the task changes: then the next look tells.
tasks::LeakScope scope_of(const tasks::DetailTable& table, const tasks::TaskSighting& task) {
  constexpr int kTries = 100;
  tasks::Details details;
  for (int i = 0; i < kTries && task.record->details.load(detail::kRelaxed) != 0; ++i) {
    if (table.read_of(task.record, task.id, details)) {
      return details.leak_scope;
    }
  }
  return 0;
}

/// 0: it has ended.
std::uint64_t key_of(const threads::TaskFiles& files, pid_t tid) {
  constexpr std::uint64_t kTickNs = 10'000'000;
  constexpr unsigned kTidBits = 22;
  std::array<char, 1024> buffer{};
  const std::string_view stat = files.read(tid, "stat", buffer);
  return stat.empty() ? 0
                      : threads::parse_stat(stat).started_ns / kTickNs << kTidBits |
                            static_cast<std::uint64_t>(tid);
}

}  // namespace

std::uint32_t Chains::intern(std::span<const tasks::FrameSite> frames) {
  std::uint64_t hash = frames.size();
  for (const tasks::FrameSite& site : frames) {
    hash = (hash ^ site.location ^ (site.function << 1U)) * 0x9e3779b97f4a7c15ULL;
  }
  const auto is_same = [](const tasks::FrameSite& a, const tasks::FrameSite& b) {
    return a.location == b.location && a.function == b.function;
  };
  const auto [begin, end] = by_hash_.equal_range(hash);
  for (auto known = begin; known != end; ++known) {
    const Chain& chain = chains_[known->second];
    if (std::equal(chain.begin(), chain.end(), frames.begin(), frames.end(), is_same)) {
      return known->second;
    }
  }
  const auto index = static_cast<std::uint32_t>(chains_.size());
  chains_.emplace_back(frames.begin(), frames.end());
  by_hash_.emplace(hash, index);
  return index;
}

void look_at_tasks(tasks::LeakScope scope, LookTables& tables, Look& look) {
  ScopeFilter filter(scope);
  tasks::TaskReader reader(*tables.source.registry);
  tasks::SnapshotOptions options;
  options.max_frames = kMaxFrames;
  const std::uint32_t now = detail::coarse_ticks();
  const auto see = [&](const tasks::TaskSighting& task) {
    SeenTask seen;
    seen.id = task.id;
    seen.parent = task.parent;
    seen.argument = task.argument;
    seen.argument_kind = task.argument_kind;
    seen.created_at = task.created_at;
    seen.resumed = task.resumed;
    seen.record = task.record;
    seen.tid = static_cast<pid_t>(task.tid);
    seen.chain = tables.chains.intern(task.frames);
    if (task.state == detail::kTaskWaiting) {
      const auto [wait, is_new] = tables.waits.try_emplace(task.operation);
      if (is_new) {
        const tasks::WaitDescription description = tasks::describe_operation_at(task.operation);
        const bool is_named =
            description.detail.empty() || (description.reason != WaitReason::kCustom &&
                                           description.reason != WaitReason::kOperation);
        wait->second = {description.reason, is_named
                                                ? std::string(tasks::words_of(description.reason))
                                                : description.detail};
      }
      seen.wait = &wait->second;
    }
    seen.state = state_of(task, seen.wait);
    if (task.state != detail::kTaskRunning) {
      seen.age_ns = tasks::age_between(task.since, now);
    }
    seen.is_suspect = filter.contains(scope == 0 ? 0 : scope_of(*tables.source.details, task));
    look.tasks.push_back(seen);
  };
  look.missed = reader.read(options, see).dropped;
}

void look_at_threads(tasks::LeakScope scope, Look& look) {
  ScopeFilter filter(scope);
  const std::vector<ScopedThread> births = scoped_threads().all();
  const pid_t caller = static_cast<pid_t>(::syscall(SYS_gettid));
  for (SeenThread& thread : capture_threads(kMaxFrames, look.modules)) {
    const auto birth = std::find_if(births.begin(), births.end(), [&](const ScopedThread& known) {
      return known.tid == thread.facts.tid;
    });
    if (birth != births.end()) {
      thread.birth = *birth;
    }
    const bool is_ours = thread.facts.is_agent || thread.facts.tid == caller;
    thread.is_suspect =
        !is_ours && (scope == 0 ? thread.facts.tid != ::getpid()
                                : thread.birth && (scope == tasks::kRunScope
                                                       ? thread.birth->is_of_run
                                                       : filter.contains(thread.birth->scope)));
    look.threads.push_back(std::move(thread));
  }
}

support::UniqueFd task_directory() noexcept {
  return support::UniqueFd(::open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::uint64_t thread_key(pid_t tid) {
  const support::UniqueFd directory = task_directory();
  return key_of(threads::TaskFiles(directory.get()), tid);
}

std::vector<std::uint64_t> thread_keys() {
  const support::UniqueFd directory = task_directory();
  const threads::TaskFiles files(directory.get());
  std::vector<std::uint64_t> keys;
  if (const Result<std::vector<pid_t>> tids = files.list()) {
    for (const pid_t tid : *tids) {
      keys.push_back(key_of(files, tid));
    }
  }
  return keys;
}

}  // namespace xgops::leaks
