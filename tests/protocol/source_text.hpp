// SPDX-License-Identifier: MIT
// What our own headers and PROTOCOL.md say, read as text, so that tests can compare the two.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::test {

/// The contents of a file of the source tree. Throws when it cannot be read.
[[nodiscard]] std::string read_source(std::string_view relative_path);

/// `text` without comments.
[[nodiscard]] std::string without_comments(std::string_view text);

struct NamedValue {
  std::string name;
  std::uint64_t value = 0;

  friend bool operator==(const NamedValue&, const NamedValue&) = default;
};

/// The named limits of a header: `inline constexpr TYPE kName = 4 * 1024;` or `kName{5'000};`, in
/// order. Constants that are no plain number are left out.
[[nodiscard]] std::vector<NamedValue> constants_of(std::string_view header);

/// The enumerations of a header: name -> enumerators with their values, without `kLast`.
[[nodiscard]] std::map<std::string, std::vector<NamedValue>> enumerations_of(
    std::string_view header);

/// Names that each struct of a header passes to its archive: "Threads::Request" -> {"tid", ...}.
[[nodiscard]] std::map<std::string, std::vector<std::string>> serialized_fields_of(
    std::string_view header);

/// `serialized_fields_of` and `enumerations_of` for all headers of the protocol together.
[[nodiscard]] const std::map<std::string, std::vector<std::string>>& all_serialized_fields();
[[nodiscard]] std::map<std::string, std::vector<NamedValue>> all_enumerations();

/// The rows of the first table below the first heading of a Markdown text that contains `heading`;
/// cells are trimmed and lose their backquotes. Empty when there is no such heading or table.
[[nodiscard]] std::vector<std::vector<std::string>> document_table(std::string_view document,
                                                                   std::string_view heading);

}  // namespace xgops::test
