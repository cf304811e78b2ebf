// SPDX-License-Identifier: MIT
// From the suspects of a look to leaks, like with like.
#pragma once

#include "leaks/fates.hpp"
#include "leaks/look.hpp"
#include "leaks/names.hpp"
#include "xgops/leak_check_abi.h"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace xgops::leaks {

enum class Fate : std::int32_t {
  kRunning = XGOPS_LEAK_RUNNING,
  kSettling = XGOPS_LEAK_SETTLING,
  kWaiting = XGOPS_LEAK_WAITING,
  kBlocked = XGOPS_LEAK_BLOCKED,
};

struct LeakGroup {
  static constexpr std::size_t kMostIds = 16;

  bool is_thread = false;
  Fate fate = Fate::kRunning;
  std::uint64_t count = 0;
  std::vector<std::uint64_t> ids;  ///< The first `kMostIds`.
  std::string state;
  std::string object;
  std::string why;
  std::string name;
  std::string labels;
  std::int64_t age_ns = -1;
  std::vector<Frame> frames;
  std::vector<Frame> created;
  std::uint64_t creator = 0;

  /// Calls `use` with what the binary interface has for it.
  void show(const std::function<void(const xgops_leak_group&)>& use) const;
};

/// What is no leak.
class Filters {
 public:
  /// Refers to the request.
  explicit Filters(const xgops_leak_request& request);

  /// Notes which filters have matched.
  [[nodiscard]] bool ignores(const LeakGroup& group);
  [[nodiscard]] bool ignores_task(std::uint64_t id) const;
  [[nodiscard]] bool ignores_thread(pid_t tid) const;
  [[nodiscard]] bool asks_for_each() const noexcept { return request_.ignored != nullptr; }
  [[nodiscard]] bool ignores_one(const LeakGroup& one) const;
  /// A sentence for each filter that has matched nothing.
  [[nodiscard]] std::vector<std::string> unused() const;

 private:
  const xgops_leak_request& request_;
  std::vector<bool> used_;
};

/// The suspects of the look before: who has gone on since may end yet.
struct Earlier {
  std::unordered_map<std::uint64_t, std::uint32_t> resumed;  ///< By task.
  std::unordered_map<pid_t, std::uint64_t> cpu_ns;           ///< By thread.

  [[nodiscard]] static Earlier of(const Look& look);
};

struct Leaks {
  std::uint64_t tasks = 0;
  std::uint64_t threads = 0;
  bool unseen = false;            ///< There is more in the scope than was seen.
  std::uint64_t blocked = 0;      ///< Of both.
  std::vector<LeakGroup> groups;  ///< The largest first; blocked ones before others.
  /// Of those that are blocked, for a second look: task ids with their number of resumptions, and
  /// thread ids.
  std::map<std::uint64_t, std::uint64_t> blocked_tasks;
  std::map<std::uint64_t, std::uint64_t> blocked_threads;

  [[nodiscard]] bool empty() const noexcept { return tasks + threads == 0; }
};

/// Throws std::bad_alloc. Cost: 0.2 us a suspect, and some us for each group.
[[nodiscard]] Leaks find_leaks(const Look& look, const LookTables& tables, const Earlier& earlier,
                               Names& names, Filters& filters);

}  // namespace xgops::leaks
