// SPDX-License-Identifier: MIT
// Shortens demangled names: default template arguments, inline namespaces, return types.
#pragma once

#include <string>
#include <string_view>

namespace xgops::symbolize {

/// The same name in fewer characters; a name that cannot be taken apart stays as it is.
[[nodiscard]] std::string clean_name(std::string_view name);

}  // namespace xgops::symbolize
