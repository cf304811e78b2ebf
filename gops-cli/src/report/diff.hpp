// SPDX-License-Identifier: MIT
// What `xgops snapshot` wrote and `xgops diff` found.
#pragma once

#include "report/process.hpp"
#include "report/site_group.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xgops::cli {

struct SnapshotReport {
  ProcessIdentity process;
  std::string file;
  std::chrono::system_clock::time_point time;
  std::uint64_t bytes = 0;
  std::uint64_t tasks = 0;
  std::uint64_t threads = 0;  ///< Without the agent's own.
  bool incomplete = false;
};

/// What became of a task or thread from one snapshot to a later one.
enum class Change : std::uint8_t {
  kStuck,  ///< Not resumed since, or not scheduled: the same wait.
  kNew,
  kGone,
  kMoved,  ///< It waits anew, or runs.
};
inline constexpr std::size_t kChanges = 4;

/// The word for it, for people and programs.
constexpr const char* id_of(Change change) noexcept {
  switch (change) {
    case Change::kStuck:
      return "stuck";
    case Change::kNew:
      return "new";
    case Change::kGone:
      return "gone";
    case Change::kMoved:
      break;
  }
  return "moved";
}

struct DiffRow {
  SiteGroup group;
  Change change = Change::kStuck;
};

struct DiffSide {
  std::string file;  ///< Empty: the process as it is now.
  std::chrono::system_clock::time_point time;
  std::uint64_t tasks = 0;
  std::uint64_t threads = 0;  ///< Without the agent's own.
  bool incomplete = false;
};

struct DiffReport {
  ProcessIdentity process;
  DiffSide older;
  DiffSide younger;
  std::chrono::milliseconds between{0};
  std::vector<DiffRow> rows;  ///< Stuck ones first.
  std::vector<std::string> symbol_notes;

  [[nodiscard]] std::uint64_t count(Change change, bool only_idle = false) const {
    std::uint64_t count = 0;
    for (const DiffRow& row : rows) {
      count += row.change == change && (row.group.site.idle || !only_idle) ? row.group.count : 0;
    }
    return count;
  }
};

}  // namespace xgops::cli
