// SPDX-License-Identifier: MIT
// What `xgops list` found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::cli {

enum class ProcessStatus : std::uint8_t {
  kOk,
  kNoAgent,
  kOtherUser,
  kNoAnswer,
  kTooOld,  ///< Its agent speaks only older protocol versions than this build.
  kTooNew,
  kBadAnswer,
};

struct ListedProcess {
  pid_t pid = 0;
  pid_t parent_pid = 0;
  std::string name;
  std::string path;
  std::optional<std::uint64_t> tasks;
  std::optional<std::uint32_t> threads;
  std::optional<std::uint64_t> uptime_ns;
  std::string agent;  ///< Its version; empty when it is not known.
  ProcessStatus status = ProcessStatus::kOk;
  std::string reason;  ///< Why it is not inspectable; empty when it is.
};

struct ListReport {
  std::vector<ListedProcess> processes;  ///< In ascending order of PID.
  bool all = false;                      ///< Processes without an agent were asked for, too.
  std::uint32_t not_inspected = 0;  ///< Processes of other users that may be C++ programs or not.
};

}  // namespace xgops::cli
