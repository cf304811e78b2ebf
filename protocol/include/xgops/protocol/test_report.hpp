// SPDX-License-Identifier: MIT
// What a test program leaves behind when it ends: not an exchange, but the only message of a file.
#pragma once

#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/stacks.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xgops::protocol {

/// Largest file, with its header. An agent lists fewer groups rather than exceed it.
inline constexpr std::uint32_t kMaxTestReportBytes = 4 * 1024 * 1024;
/// Most groups that an agent lists.
inline constexpr std::size_t kMaxLeakGroups = 1000;
/// Most bytes of each text in it; an agent cuts longer ones.
inline constexpr std::size_t kMaxLeakTextBytes = 1024;

/// What will become of a leaked task or thread, for all that is known.
enum class LeakFate : std::uint8_t {
  kRunning = 0,  ///< It runs, or is ready to.
  kSettling,     ///< It has gone on while the agent waited for it.
  kWaiting,      ///< It waits for something that may happen yet.
  kBlocked,      ///< Nobody can end its wait any more.
  kLast = kBlocked,
};

/// A place in the source, or an address for which whoever reads the report finds the place.
struct LeakFrame {
  std::uint64_t instruction_pointer = 0;  ///< 0: the place is in the fields below.
  std::uint8_t flags = kPlainFrame;
  std::string function;
  std::string file;
  std::uint32_t line = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(instruction_pointer, flags, function, file, line);
  }
};

/// Tasks or threads that are alike.
struct LeakGroup {
  bool is_thread = false;
  LeakFate fate = LeakFate::kRunning;
  std::uint64_t count = 0;
  std::vector<std::uint64_t> ids;  ///< The first few: task ids, or thread ids.
  std::string state;               ///< "timer", "mutex lock", "running", ...
  std::string object;              ///< What it waits for; may be empty.
  std::string why;                 ///< What the fate follows from; may be empty.
  std::string name;
  std::string labels;
  std::int64_t age_ns = -1;        ///< The longest in its state; -1: not known.
  std::vector<LeakFrame> frames;   ///< Innermost first.
  std::vector<LeakFrame> created;  ///< Where, innermost first.
  std::uint64_t creator = 0;       ///< The task, or else thread, that made the first; 0: unknown.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(is_thread, fate, count, ids, state, object, why, name, labels, age_ns, frames, created,
            creator);
  }
};

/// What was made since the program began and was still there when it was about to end.
struct TestReport {
  static constexpr MessageType kType = MessageType::kTestReport;

  std::int32_t pid = 0;
  std::uint64_t tasks = 0;    ///< Left, also those whose groups are not listed.
  std::uint64_t threads = 0;  ///< The same.
  bool unseen = false;        ///< There is more than could be seen.
  std::int64_t waited_ns = 0;
  std::string task_problem;          ///< Why tasks are not seen although there may be some.
  std::vector<std::string> library;  ///< Functions that only threads of libraries execute.
  std::vector<Module> modules;       ///< That instruction pointers lie in.
  std::vector<LeakGroup> groups;
  std::uint64_t unlisted_groups = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(pid, tasks, threads, unseen, waited_ns, task_problem, library, modules, groups,
            unlisted_groups);
  }
};

}  // namespace xgops::protocol
