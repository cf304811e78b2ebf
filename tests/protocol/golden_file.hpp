// SPDX-License-Identifier: MIT
// Golden files: bytes that must not change by accident. scripts/update-golden rewrites them.
#pragma once

#include "annotation.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::test {

/// Whether the tests shall write what they would otherwise compare with.
[[nodiscard]] bool updating_golden_files();

/// tests/golden/protocol/`name`.hex
[[nodiscard]] std::filesystem::path golden_path(std::string_view name);

/// Nothing when the file cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path);
/// Makes the folder too. Throws when it cannot.
void write_file(const std::filesystem::path& path, std::string_view contents);

/// The bytes of a hexadecimal text; `#` starts a comment that ends with the line. Throws
/// std::invalid_argument for anything that is not pairs of digits.
[[nodiscard]] std::vector<std::byte> parse_hex(std::string_view text);

/// A line or more for each field: its bytes, then what they mean.
[[nodiscard]] std::string annotated_hex(std::span<const std::byte> bytes,
                                        const std::vector<AnnotatedField>& fields);

/// Where `actual`, which `fields` describe, begins to differ from `expected`, and what to do.
[[nodiscard]] std::string describe_difference(std::span<const std::byte> expected,
                                              std::span<const std::byte> actual,
                                              const std::vector<AnnotatedField>& fields);

}  // namespace xgops::test
