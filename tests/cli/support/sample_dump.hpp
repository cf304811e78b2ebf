// SPDX-License-Identifier: MIT
// What a process wrote when it crashed.
#pragma once

#include <string>

namespace xgops::test {

/// Two threads that crashed, one that waits for a lock, three tasks; addresses lie in a module that
/// no file backs. Among output of others, which stands between the lines and before one.
[[nodiscard]] std::string sample_dump();

}  // namespace xgops::test
