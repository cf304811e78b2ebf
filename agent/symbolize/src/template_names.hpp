// SPDX-License-Identifier: MIT
// What the standard library and Asio call their templates, and with which default arguments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xgops::symbolize {

/// Removes from the end of `arguments` those that `name`, such as `std::vector`, has by default.
void drop_default_arguments(std::string_view name, std::vector<std::string>& arguments);

/// The usual name of a specialization, such as `std::string` for `std::basic_string<char>`; empty:
/// it has none.
[[nodiscard]] std::string_view alias_of(std::string_view specialization);

}  // namespace xgops::symbolize
