// SPDX-License-Identifier: MIT
// A second opinion: binutils' addr2line.
#pragma once

#include "xgops/symbolize/symbolizer.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace xgops::symbolize::test {

/// Every address, in steps of a few bytes, of the functions whose mangled names contain `part`.
[[nodiscard]] std::vector<std::uint64_t> function_addresses(const std::filesystem::path& file,
                                                            const std::string& part);

/// What `addr2line -i` prints: function, file and line of each entry, innermost first. A function
/// that it is known to misname is empty.
[[nodiscard]] std::map<std::uint64_t, std::vector<Symbol>> addr2line(
    const std::filesystem::path& file, const std::vector<std::uint64_t>& addresses);

/// "name file:line" of each entry, without what the two write differently: scopes, parameters,
/// template arguments and directories.
[[nodiscard]] std::vector<std::string> comparable(const std::vector<Symbol>& symbols);

}  // namespace xgops::symbolize::test
