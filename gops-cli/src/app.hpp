// SPDX-License-Identifier: MIT
// The tool without its process: from arguments to an exit status.
#pragma once

#include "client/places.hpp"
#include "support/failure.hpp"
#include "xgops/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::cli {

/// Where output goes. Tests collect it.
struct Terminal {
  using Write = std::function<Result<void>(std::string_view)>;

  Write write_out;
  Write write_err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
};

/// Runs one invocation. `arguments` are those after the program's name. Reports go to stdout or the
/// file of `-o`, messages to stderr; with --json an error is an object on stdout as well.
[[nodiscard]] ExitStatus run_app(const std::vector<std::string>& arguments, const Places& places,
                                 const Terminal& terminal);

}  // namespace xgops::cli
