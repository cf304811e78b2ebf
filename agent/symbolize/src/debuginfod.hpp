// SPDX-License-Identifier: MIT
// Asking the debuginfod servers that the user has configured, through the program debuginfod-find.
#pragma once

#include "build_id.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <string>

namespace xgops::symbolize {

/// Used only when the user asked for it. Gives up for good after a server did not answer in time,
/// so that an unreachable one costs its time-out once and not for each module.
class Debuginfod {
 public:
  struct Limits {
    std::chrono::seconds server{5};             ///< For the program: no data for so long.
    std::chrono::milliseconds program{10'000};  ///< After which we kill the program.
  };

  explicit Debuginfod(bool enabled) noexcept : enabled_(enabled) {}
  Debuginfod(bool enabled, Limits limits) noexcept : enabled_(enabled), limits_(limits) {}

  [[nodiscard]] bool enabled() const noexcept { return enabled_; }

  /// Path of the debug file in the local cache, downloaded if necessary.
  ///
  /// Errors: `ENOENT` when no server has it; `ETIMEDOUT`; `ENOSYS` without servers or program.
  Result<std::string> find_debug_file(const BuildId& build_id);

 private:
  Result<std::string> run(const std::string& build_id);

  bool enabled_;
  Limits limits_;
};

}  // namespace xgops::symbolize
