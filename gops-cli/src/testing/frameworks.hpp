// SPDX-License-Identifier: MIT
// Test frameworks: how a program of each lists its tests and runs one of them.
#pragma once

#include "xgops/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::cli {

enum class Framework : std::uint8_t { kUnknown, kGoogleTest, kCatch2, kDoctest };

/// "GoogleTest"
[[nodiscard]] std::string_view name_of(Framework framework) noexcept;

/// By what the file of a program contains: asking the program with the options of one framework may
/// run all tests of another. Reads the file once.
/// Errors: `Failure::kProgram`: none, or several; why it cannot be read.
[[nodiscard]] Result<Framework> framework_of(const std::string& program);

/// What is looked for in the file.
class FrameworkMarks {
 public:
  /// More of the file. A mark may lie across two pieces.
  void add(std::string_view piece);
  /// All that were found.
  [[nodiscard]] std::vector<Framework> found() const;

 private:
  bool marks_[3] = {};
  std::string tail_;
};

/// Arguments with which the program only lists its tests, those that `given` chooses. Catch2 has
/// two ways, one before and one since version 3: `is_retry` is the second.
[[nodiscard]] std::vector<std::string> list_arguments(Framework framework,
                                                      const std::vector<std::string>& given,
                                                      bool is_retry);

/// Whether `output`, of a program of Catch2, says that it does not know this way of listing.
[[nodiscard]] bool wants_other_list_option(Framework framework, std::string_view output);

/// The tests that a program of this framework lists, each once and in its order; those that it
/// would not run are left out. Other output before and between is skipped as far as it can be told
/// from tests. `also_disabled` is the value of GTEST_ALSO_RUN_DISABLED_TESTS.
[[nodiscard]] std::vector<std::string> parse_test_list(Framework framework, std::string_view output,
                                                       const std::vector<std::string>& given,
                                                       std::string_view also_disabled = {});

/// `given`, so that only `test` runs.
[[nodiscard]] std::vector<std::string> arguments_for(Framework framework,
                                                     const std::vector<std::string>& given,
                                                     const std::string& test);

/// Whether a run of one test says that it was skipped, or that there was none to run.
[[nodiscard]] bool says_skipped(Framework framework, std::string_view output);

}  // namespace xgops::cli
