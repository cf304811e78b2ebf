// SPDX-License-Identifier: MIT
// How a report is to look.
#pragma once

#include <cstdint>

namespace xgops::cli {

enum class Format : std::uint8_t {
  kText,
  kJson,
  kFolded,  ///< Stacks only: one line per distinct stack, root first, and a count.
  kSarif,   ///< Findings only: the interchange format of static analysis tools.
  kTsv,     ///< Lists only: one line a process, tab-separated, no heading.
};

struct Presentation {
  Format format = Format::kText;
  bool color = false;
  bool group = true;  ///< Threads with equal stacks appear once.
  bool apart = true;  ///< An empty line between the reports of a command that goes on.
};

}  // namespace xgops::cli
