// SPDX-License-Identifier: MIT
// Tasks, or threads, that wait for the same at the same place of the source.
#pragma once

#include "report/tasks.hpp"

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace xgops::cli {

/// Where somebody waits, and for what: the same in every look at a program. Untrusted texts.
struct Site {
  bool of_threads = false;
  SourcePlace created;  ///< Of tasks: where they were created.
  SourcePlace place;    ///< Where they wait: the innermost function of the program's own.
  std::string reason;   ///< "channel_receive"; of tasks that do not wait: "created" and so on.
  std::string wait;     ///< The same for people: "channel receive".
  /// Servers with nothing to do wait like this: for I/O, timers, signals, their turn, tasks of
  /// their own; threads: for anything but a lock.
  bool idle = false;

  friend bool operator==(const Site&, const Site&) = default;
  friend bool operator<(const Site& a, const Site& b) {
    return std::tie(a.of_threads, a.created, a.place, a.reason, a.wait, a.idle) <
           std::tie(b.of_threads, b.created, b.place, b.reason, b.wait, b.idle);
  }
};

struct SiteGroup {
  Site site;
  std::uint8_t mark = 0;  ///< What whoever grouped them tells apart beside the site.
  std::uint64_t count = 0;
  std::int64_t oldest_ns = -1;     ///< Longest time in the state; -1: not known.
  std::int64_t youngest_ns = -1;   ///< Shortest.
  std::vector<std::uint64_t> ids;  ///< The first few, ascending.
};

}  // namespace xgops::cli
