// SPDX-License-Identifier: MIT
// How names are found for the addresses of a target.
#include "commands/symbol_options.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

namespace xgops::cli {

std::string cache_directory() {
  // NOLINTBEGIN(concurrency-mt-unsafe): one thread.
  const char* const wanted = std::getenv("XGOPS_CACHE");
  if (wanted != nullptr && std::string_view(wanted) == "0") {
    return {};
  }
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') {
    return std::string(cache) + "/xgops";
  }
  const char* const home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  return home != nullptr && home[0] == '/' ? std::string(home) + "/.cache/xgops" : std::string();
}

SymbolOptions symbols_of(const Target& target, SymbolOptions options) {
  // Without a PID that we see there is no /proc to read the target's files through.
  options.pid = target.session.peer().pid;
  options.cache_directory = cache_directory();
  return options;
}

SymbolOptions symbols_of_files(SymbolOptions options) {
  options.pid = 0;
  options.cache_directory = cache_directory();
  return options;
}

void add_symbol_notices(Report& report, const std::vector<std::string>& notes) {
  constexpr std::size_t kShown = 3;
  for (std::size_t i = 0; i < notes.size() && i < kShown; ++i) {
    report.notices.push_back({notes[i]});
  }
  if (notes.size() > kShown) {
    report.notices.push_back({std::to_string(notes.size() - kShown) + " more notes like these",
                              "`--json` has them all in symbol_notes"});
  }
}

}  // namespace xgops::cli
