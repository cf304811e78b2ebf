// SPDX-License-Identifier: MIT
// Paths of source files as people want to read them.
#pragma once

#include <string>
#include <string_view>

namespace xgops::symbolize {

/// `name` in `directory` in `compilation_directory`, as far as each is relative, without "." and
/// "name/.." parts.
[[nodiscard]] std::string join_source_path(std::string_view compilation_directory,
                                           std::string_view directory, std::string_view name);

}  // namespace xgops::symbolize
