// SPDX-License-Identifier: MIT
// A text that this tool generates about itself: help, a man page, a completion script.
#pragma once

#include <string>

namespace xgops::cli {

struct DocumentReport {
  std::string command;  ///< Names the JSON schema.
  std::string text;
};

}  // namespace xgops::cli
