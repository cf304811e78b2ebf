// SPDX-License-Identifier: MIT
// Threads that libraries start for themselves and keep: nobody's leaks.
#pragma once

#include "leaks/leak_groups.hpp"

#include <span>
#include <string_view>

namespace xgops::leaks {

/// By exact identity: the thread's name, or a function on its stack. The list is in the README.
[[nodiscard]] bool is_well_known(const LeakGroup& group);

/// The functions of that list, for who has names for addresses.
[[nodiscard]] std::span<const std::string_view> library_functions() noexcept;

}  // namespace xgops::leaks
