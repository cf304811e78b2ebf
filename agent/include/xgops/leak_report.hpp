// SPDX-License-Identifier: MIT
// What a leak check found. Not to be included by itself: see leak_check.hpp.
#pragma once

#include "xgops/leak_check_abi.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace xgops {

/// What will become of a leak, for all that is known.
enum class LeakFate : std::int32_t {
  kRunning = XGOPS_LEAK_RUNNING,         ///< It runs, or is ready to.
  kSettling = XGOPS_LEAK_SETTLING,       ///< It has gone on while the check waited for it.
  kWaiting = XGOPS_LEAK_WAITING,         ///< It waits for something that may happen yet.
  kBlockedForGood = XGOPS_LEAK_BLOCKED,  ///< Nobody can end its wait any more.
};

struct LeakFrame {
  std::string function;  ///< Without parameters; "" when it is not known.
  std::string file;
  std::uint32_t line = 0;
};

/// Leaks that are alike.
struct LeakGroup {
  bool is_thread = false;
  LeakFate fate = LeakFate::kRunning;
  std::uint64_t count = 0;
  std::vector<std::uint64_t> ids;  ///< Of the first 16: task ids, or thread ids.
  std::string state;               ///< "running", "channel receive", "mutex lock", ...
  std::string object;              ///< What it waits for: "channel 0x7f.."; or "".
  std::string why;                 ///< "whose every sender is gone"; or "".
  std::string name;
  std::string labels;                ///< "key=value key=value"
  std::chrono::nanoseconds age{-1};  ///< The longest in its state; -1: not known.
  std::vector<LeakFrame> frames;     ///< Innermost first.
  std::vector<LeakFrame> created;    ///< Where it was created, innermost first.
  std::uint64_t creator = 0;         ///< Task, or else thread; 0: not known.
  std::string text;                  ///< All of it, for people.
};

/// What a check found. True in a condition when nothing has leaked.
struct LeakReport {
  std::uint64_t tasks = 0;    ///< Leaked.
  std::uint64_t threads = 0;  ///< Leaked.
  std::chrono::nanoseconds waited{0};
  std::vector<LeakGroup> groups;
  std::vector<std::string> notes;   ///< Filters that matched nothing.
  std::vector<std::string> errors;  ///< Options that make no sense: nothing was checked.

  explicit operator bool() const noexcept { return tasks + threads == 0 && errors.empty(); }

  /// "found 2 unexpected tasks: ...", or "no leaks".
  [[nodiscard]] std::string text() const {
    std::string result;
    for (const std::string& error : errors) {
      result += "leak check: " + error + '\n';
    }
    const auto counted = [](std::uint64_t count, const char* word) {
      return std::to_string(count) + " unexpected " + word + (count == 1 ? "" : "s");
    };
    if (tasks + threads > 0) {
      result += "found " + (tasks > 0 ? counted(tasks, "task") : std::string()) +
                (tasks > 0 && threads > 0 ? " and " : "") +
                (threads > 0 ? counted(threads, "thread") : std::string()) + ":\n";
    }
    for (const LeakGroup& group : groups) {
      result += group.text;
    }
    for (const std::string& note : notes) {
      result += "note: " + note + '\n';
    }
    return result.empty() ? "no leaks\n" : result;
  }

  /// Not for what hands on to a stream, such as GoogleTest's messages.
  template <class Stream>
  requires requires { typename Stream::traits_type; }
  friend Stream& operator<<(Stream& stream, const LeakReport& report) {
    stream << report.text();
    return stream;
  }
};

namespace detail {

inline std::vector<LeakFrame> leak_frames(const xgops_leak_frame* frames, std::uint32_t count) {
  std::vector<LeakFrame> result;
  for (std::uint32_t i = 0; i < count; ++i) {
    result.push_back({frames[i].function, frames[i].file, frames[i].line});
  }
  return result;
}

inline LeakGroup leak_group(const xgops_leak_group& seen) {
  LeakGroup group;
  group.is_thread = seen.is_thread != 0;
  group.fate = static_cast<LeakFate>(seen.fate);
  group.count = seen.count;
  group.ids.assign(seen.ids, seen.ids + seen.id_count);
  group.state = seen.state;
  group.object = seen.object;
  group.why = seen.why;
  group.name = seen.name;
  group.labels = seen.labels;
  group.age = std::chrono::nanoseconds(seen.age_ns);
  group.frames = leak_frames(seen.frames, seen.frame_count);
  group.created = leak_frames(seen.created, seen.created_count);
  group.creator = seen.creator;
  group.text = seen.text;
  return group;
}

}  // namespace detail

}  // namespace xgops
