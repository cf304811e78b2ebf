// SPDX-License-Identifier: MIT
// From what a library calls its operations to what they wait for.
#pragma once

#include "tasks/operation_rules.hpp"
#include "xgops/tasks.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xgops::tasks {

/// What is known of a wait from the operation alone.
struct WaitDescription {
  WaitReason reason = WaitReason::kUnknown;
  std::string detail;  ///< The program's own words, the operation's name, or its C++ type.
};

/// `object` is empty when `name` is the C++ type of what starts the operation.
[[nodiscard]] WaitDescription describe_operation(std::string_view object, std::string_view name);

/// The same for the `TaskOperation` at `address`, which may lead nowhere.
[[nodiscard]] WaitDescription describe_operation_at(std::uint64_t address);

}  // namespace xgops::tasks
