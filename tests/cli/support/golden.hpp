// SPDX-License-Identifier: MIT
// Comparison with files that are reviewed like code.
#pragma once

#include <string>
#include <string_view>

namespace xgops::test {

/// Expects `actual` to equal tests/golden/cli/`name`. With XGOPS_UPDATE_GOLDEN=1 in the environment
/// the file is written instead and the test fails, so that nobody forgets to look at it.
void expect_golden(std::string_view name, const std::string& actual);

/// The same for JSON, which the file has indented.
void expect_golden_json(std::string_view name, const std::string& actual);

}  // namespace xgops::test
