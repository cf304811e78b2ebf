// SPDX-License-Identifier: MIT
// Reading the command's JSON answers.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::test {

using Json = nlohmann::json;

/// The document, or a discarded value (`is_discarded()`) when `text` is not JSON.
[[nodiscard]] Json parse_json(const std::string& text);

/// The entry of `threads` with this `tid`; null when there is none.
[[nodiscard]] Json find_thread(const Json& document, pid_t tid);

/// Names in `frames[].function` of one thread, innermost first; "" where there is none.
[[nodiscard]] std::vector<std::string> function_names(const Json& thread);

/// Whether a frame's function contains `part`.
[[nodiscard]] bool has_function(const Json& thread, const std::string& part);

/// `value` if it is a string, else "".
[[nodiscard]] std::string string_at(const Json& object, const std::string& key);

}  // namespace xgops::test
