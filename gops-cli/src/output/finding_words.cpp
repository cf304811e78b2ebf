// SPDX-License-Identifier: MIT
#include "output/finding_words.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace xgops::cli {

using std::string_view_literals::operator""sv;

std::string severity_id(Severity severity) {
  return severity == Severity::kError ? "error" : "warning";
}

bool is_of_a_library(const symbolize::Symbol& symbol) {
  constexpr std::array kModules{"libc.so"sv, "libstdc++"sv, "libpthread"sv, "ld-linux"sv,
                                "[vdso]"sv};
  return symbol.file.starts_with("/usr/include/") ||
         std::any_of(kModules.begin(), kModules.end(),
                     [&](std::string_view name) { return symbol.module.starts_with(name); });
}

std::string more_command(const FindingsReport& report, const Finding& finding) {
  const std::string pid = std::to_string(report.process.pid);
  if (finding.members.size() != 1) {
    return finding.rule == "deadlock" || finding.rule == "holder-gone"
               ? "xgops locks -p " + pid + " --all"
               : "xgops stack -p " + pid;
  }
  const Who& who = finding.members.front();
  return who.is_thread ? "xgops stack -p " + pid + " --thread " +
                             std::to_string(report.look.threads[who.index].facts.tid)
                       : "xgops tasks -p " + pid + " --task " +
                             std::to_string(report.look.tasks->tasks[who.index].id);
}

}  // namespace xgops::cli
