// SPDX-License-Identifier: MIT
// Asio's list of all channels, by which a channel that nobody has is still found at the end.
#pragma once

#include "proof/block_map.hpp"

#include <cstdint>

namespace xgops::proof {

/// A service of Asio's keeps all channels of an execution context in a list, only to shut them
/// down. In the child: takes the list apart that has the channel implementation at `channel`, so
/// that nothing is reached by it. What it needs of Asio's layout (1.22 and later) is checked for
/// every channel in the list: where anything does not fit, all of it stays. False: it stays.
bool cut_channel_list(std::uint64_t channel, const BlockMap& blocks) noexcept;

}  // namespace xgops::proof
