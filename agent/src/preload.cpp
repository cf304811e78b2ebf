// SPDX-License-Identifier: MIT
// Starts the agent of a program that does not know of it. Nothing else differs from the linked one.
#include "lifecycle.hpp"
#include "settings.hpp"
#include "test_run.hpp"

#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <dlfcn.h>

namespace xgops::agent {
namespace {

/// The name of the file that this code was loaded from, without its directory.
std::string own_file_name() {
  static const char marker = 0;
  Dl_info info{};
  if (::dladdr(&marker, &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  const std::string_view path = info.dli_fname;
  return std::string(path.substr(path.rfind('/') + 1));
}

/// Programs that this one executes shall have no agent.
void leave_preload_list(const std::string& rest) {
  // Before main: no other thread of the program reads the environment yet.
  if (rest.empty()) {
    ::unsetenv("LD_PRELOAD");  // NOLINT(concurrency-mt-unsafe)
  } else {
    ::setenv("LD_PRELOAD", rest.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
}

/// A program that is linked with the shared library starts its agent itself.
[[gnu::constructor]] void start_if_preloaded() noexcept {
  try {
    const auto environment = process_environment();
    if (is_disabled(environment)) {
      return;
    }
    const auto rest = without_preload(environment("LD_PRELOAD").value_or(""), own_file_name());
    if (!rest && environment("XGOPS") != "1") {
      return;
    }
    if (rest && environment("XGOPS_FOLLOW_EXEC") == "0") {
      leave_preload_list(*rest);
    }
    // A failure is in the log, if there is one; the program must not notice.
    static_cast<void>(start(nullptr, Mode::kPreloaded));
    if (const auto wanted = environment("XGOPS_TEST_REPORT")) {
      begin_test_run(*wanted);
    }
  } catch (const std::exception&) {
    // No memory for a few strings: the program will find out by itself.
  }
}

}  // namespace
}  // namespace xgops::agent
