// SPDX-License-Identifier: MIT
// How names are found for the addresses of a target: the same in every command.
#pragma once

#include "client/target.hpp"
#include "commands/stack_table_builder.hpp"
#include "report/report.hpp"

#include <string>
#include <vector>

namespace xgops::cli {

/// Where names found earlier are kept (XDG base directories); empty when there is no such place, or
/// XGOPS_CACHE=0 forbids it.
[[nodiscard]] std::string cache_directory();

/// `options`, completed for this target.
[[nodiscard]] SymbolOptions symbols_of(const Target& target, SymbolOptions options);

/// `options`, completed for a process that is gone: names come from the files that it used.
[[nodiscard]] SymbolOptions symbols_of_files(SymbolOptions options);

/// On stderr only a few: a program without debug files has one for every library.
void add_symbol_notices(Report& report, const std::vector<std::string>& notes);

}  // namespace xgops::cli
