// SPDX-License-Identifier: MIT
// Which threads run an executor, from the names on their stacks.
#pragma once

#include "report/stack.hpp"

#include <cstdint>

namespace xgops::cli {

enum class ExecutorThread : std::uint8_t {
  kNone,  ///< No sign of one.
  kBusy,  ///< In the loop of an Asio execution context, in something that this called.
  kIdle,  ///< In the loop itself, waiting for something to do.
};

/// Needs the names of functions: without symbols every thread is `kNone`.
[[nodiscard]] ExecutorThread executor_thread(const StackReport& report, const ReportThread& thread);

}  // namespace xgops::cli
