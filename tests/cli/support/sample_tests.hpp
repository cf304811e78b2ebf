// SPDX-License-Identifier: MIT
// A run of tests with each outcome, and with names that no format likes.
#pragma once

#include "report/test.hpp"

namespace xgops::test {

/// The second test, and no other, leaks.
[[nodiscard]] cli::TestsReport sample_tests();

}  // namespace xgops::test
