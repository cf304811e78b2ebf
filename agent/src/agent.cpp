// SPDX-License-Identifier: MIT
// The exported functions: nothing that is C++ crosses them.
#include "crash/thread_stacks.hpp"
#include "lifecycle.hpp"
#include "xgops/agent_abi.h"
#include "xgops/version.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <string>
#include <system_error>

#define XGOPS_EXPORT [[gnu::visibility("default")]]

namespace {

/// Copies as much of `text` as fits, ended by a zero.
void copy_text(char* destination, std::size_t bytes, const std::string& text) noexcept {
  if (bytes > 0) {
    const std::size_t length = std::min(text.size(), bytes - 1);
    std::memcpy(destination, text.data(), length);
    destination[length] = '\0';
  }
}

void describe(xgops_agent_error* description, const std::string& context,
              const std::string& hint) noexcept {
  // A smaller struct is that of an older header, which had fewer fields: none so far.
  if (description != nullptr && description->size >= sizeof *description) {
    copy_text(description->context, sizeof description->context, context);
    copy_text(description->hint, sizeof description->hint, hint);
  }
}

}  // namespace

extern "C" {

XGOPS_EXPORT std::int32_t xgops_agent_start(const xgops_agent_options* options,
                                            xgops_agent_error* error) {
  try {
    const auto started = xgops::agent::start(options, xgops::agent::Mode::kLinked);
    if (!started) {
      describe(error, started.error().context, started.error().hint);
      // All that fails here has an errno value; should that ever change, it is our bug.
      const std::error_code code = started.error().code;
      const bool is_errno =
          code.category() == std::generic_category() || code.category() == std::system_category();
      return is_errno ? code.value() : ENOTRECOVERABLE;
    }
    return started.value() == xgops::agent::StartStatus::kDisabled ? XGOPS_DISABLED : XGOPS_OK;
  } catch (const std::exception& failure) {
    describe(error, failure.what(), "");
    return ENOMEM;
  }
}

XGOPS_EXPORT void xgops_agent_stop(void) {
  xgops::agent::stop();
}

XGOPS_EXPORT std::int32_t xgops_agent_running(void) {
  return xgops::agent::is_running() ? 1 : 0;
}

XGOPS_EXPORT std::size_t xgops_agent_socket_path(char* buffer, std::size_t buffer_bytes) {
  try {
    const std::string path = xgops::agent::socket_path();
    copy_text(buffer, buffer_bytes, path);
    return std::min(path.size(), buffer_bytes > 0 ? buffer_bytes - 1 : 0);
  } catch (const std::exception&) {
    return 0;
  }
}

XGOPS_EXPORT void xgops_agent_guard_thread(void) {
  if (xgops::crash::threads_get_stacks()) {
    xgops::crash::guard_this_thread();
  }
}

XGOPS_EXPORT const char* xgops_agent_version(void) {
  return xgops::kVersion;
}

}  // extern "C"
