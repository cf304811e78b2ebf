// SPDX-License-Identifier: MIT
// From what the user typed (a PID or a name) to a connected agent, or to the reason why not.
#pragma once

#include "client/places.hpp"
#include "client/probe.hpp"
#include "client/session.hpp"
#include "support/deadline.hpp"
#include "xgops/result.hpp"

#include <optional>
#include <string>

#include <sys/types.h>

namespace xgops::cli {

/// Which process is meant. Exactly one member is set.
struct Selector {
  std::optional<pid_t> pid;
  std::string name;  ///< A shell pattern for the name or the executable's base name.
};

struct Target {
  Session session;
  pid_t pid = 0;     ///< As we see it.
  std::string name;  ///< Untrusted text; may be empty.
};

/// Finds the process and connects to its agent.
///
/// Errors: `Failure::kUsage` (several processes match the name), `kNoProcess`, `kOtherUser`,
/// `kNoAgent`, `kNoAnswer`; all with a hint.
[[nodiscard]] Result<Target> open_target(const Places& places, const Selector& selector,
                                         const Deadline& deadline);

/// Whether the process behind `probe` is the one that its agent claims to be. A forked child that
/// answers on its parent's socket is not.
[[nodiscard]] bool identity_holds(const Places& places, const Probe& probe);

/// The PID under which we see the process behind an agent.
[[nodiscard]] pid_t visible_pid(const Peer& peer, const SocketAddress& address);

}  // namespace xgops::cli
