// SPDX-License-Identifier: MIT
// Why a dump was written, in words.
#pragma once

#include "report/dump.hpp"
#include "report/stack.hpp"

#include <string>

namespace xgops::cli {

/// "SIGSEGV"; "signal 40" of those without a name.
[[nodiscard]] std::string signal_name(int signal);
/// What the code of a fault says, "address not mapped"; empty when it says nothing.
[[nodiscard]] std::string_view code_words(int signal, int code);

/// The first lines of a dump's text: signal, code, address and thread.
[[nodiscard]] std::string dump_head(const StackReport& report);

}  // namespace xgops::cli
