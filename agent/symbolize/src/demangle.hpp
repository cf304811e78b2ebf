// SPDX-License-Identifier: MIT
// From the names that compilers write to the names that people write.
#pragma once

#include <string>
#include <string_view>

namespace xgops::symbolize {

/// The readable name of a symbol: without its version (`@@GLIBC_2.3`), demangled, and as
/// `readable_name` makes it. What is not mangled stays as it is.
[[nodiscard]] std::string readable_symbol(std::string_view symbol);

/// A demangled name in fewer words: no return type, `std::string` for
/// `std::__cxx11::basic_string<char, ...>`, no default template arguments, and of a clone's name
/// only what matters.
[[nodiscard]] std::string readable_name(const std::string& demangled);

}  // namespace xgops::symbolize
