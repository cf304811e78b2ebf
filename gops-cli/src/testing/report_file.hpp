// SPDX-License-Identifier: MIT
// The report that a test program leaves behind: bytes to leaks with names.
#pragma once

#include "report/test.hpp"
#include "xgops/protocol/test_report.hpp"
#include "xgops/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace xgops::cli {

/// What is in the file; "": it is no regular file any more, or cannot be read. Does not wait.
[[nodiscard]] std::string read_report_file(const std::string& path);

/// Reads such a file. Nothing in it is trusted: every length is checked before memory is taken.
/// Errors: `Failure::kBadAnswer`: it is none, is cut short, or makes no sense.
[[nodiscard]] Result<protocol::TestReport> parse_test_report(std::string_view file);

/// The leaks of a report. Names come from the files that the process used, and from
/// `cache_directory`. Threads that libraries keep for themselves are left out.
[[nodiscard]] std::vector<TestLeak> name_leaks(protocol::TestReport report,
                                               const std::string& cache_directory);

/// Whether nobody who looks for a leak of the program's own wants to see it.
[[nodiscard]] bool is_of_the_runtime(const symbolize::Symbol& symbol);

/// The first frame that is the program's own; null: there is none.
[[nodiscard]] const symbolize::Symbol* own_frame(const std::vector<symbolize::Symbol>& frames);

}  // namespace xgops::cli
