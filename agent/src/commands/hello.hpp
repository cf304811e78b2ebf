// SPDX-License-Identifier: MIT
// Which protocol version both sides speak.
#pragma once

#include "xgops/protocol/messages/hello.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace xgops::commands {

/// The highest version in common; nothing when there is none.
[[nodiscard]] inline std::optional<std::uint16_t> common_version(
    const protocol::Hello::Request& request) noexcept {
  const std::uint16_t version = std::min(request.max_version, protocol::kMaxVersion);
  const bool is_common = version >= std::max(request.min_version, protocol::kMinVersion);
  return is_common ? std::optional(version) : std::nullopt;
}

}  // namespace xgops::commands
