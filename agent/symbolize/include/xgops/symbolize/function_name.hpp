// SPDX-License-Identifier: MIT
// Names that compilers put into programs as text, written like those of symbols.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace xgops::symbolize {

/// What `std::source_location::function_name()` or `__builtin_FUNCTION()` says, as a stack names
/// the function: without return type and default template arguments. Inside a coroutine GCC gives
/// the name of its own helper; the answer is the coroutine's. A text of no known form is cleaned
/// as far as possible.
[[nodiscard]] std::string readable_function(std::string_view text);

/// "St13runtime_error", as `std::type_info::name()` says it, becomes "std::runtime_error". What is
/// no such name stays as it is.
[[nodiscard]] std::string readable_type(std::string_view mangled);

/// The name of a type in at most `most` bytes: template arguments go first, then the end.
[[nodiscard]] std::string short_type(std::string_view text, std::size_t most);

}  // namespace xgops::symbolize
