// SPDX-License-Identifier: MIT
// What every fuzz target starts from: the golden message and some that are wrong on purpose.
#pragma once

#include <map>
#include <string>

namespace xgops::test {

/// Fuzz target -> file name -> contents, as in tests/fuzz/corpus.
[[nodiscard]] const std::map<std::string, std::map<std::string, std::string>>& fuzz_seeds();

}  // namespace xgops::test
