// SPDX-License-Identifier: MIT
// Where an agent's socket lives and what it is called. Pure functions: nothing is opened here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::protocol {

/// A process, proof against PID reuse: the PID as its own namespace sees it, and the start time.
struct Endpoint {
  std::int32_t pid = 0;
  std::uint64_t start_time_ticks = 0;  ///< proc(5) stat field 22: clock ticks since boot.

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// `4711-88213.sock`
[[nodiscard]] std::string socket_name(const Endpoint& endpoint);

/// The inverse of `socket_name`; nothing for any other name.
[[nodiscard]] std::optional<Endpoint> parse_socket_name(std::string_view name);

/// Longest socket path in bytes, without the terminating zero (sockaddr_un::sun_path is 108 bytes).
inline constexpr std::size_t kMaxSocketPathBytes = 107;

/// A place where agents put sockets.
struct SocketDirectory {
  std::string path;
  std::string parent;       ///< Must exist already; only `path` itself is ever created.
  bool configured = false;  ///< From XGOPS_DIR: used alone, no other directory is tried.
};

using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// The directories to try, best first: `$XGOPS_DIR` (alone when set), else
/// `$XDG_RUNTIME_DIR/xgops`,
/// `/run/user/UID/xgops`, `/tmp/xgops-UID`. Relative and empty values are ignored.
[[nodiscard]] std::vector<SocketDirectory> socket_directories(const EnvironmentLookup& environment,
                                                              std::uint32_t uid);

}  // namespace xgops::protocol
