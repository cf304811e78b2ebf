// SPDX-License-Identifier: MIT
#include "client/socket_waits.hpp"

#include "proc/net_sockets.hpp"
#include "support/parse.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace xgops::cli {
namespace {

constexpr std::string_view kBegin = "socket:[";

/// The inode in "socket:[4711]", which more may follow: where it connects to.
std::optional<std::uint64_t> inode_in(std::string_view detail) {
  const std::size_t end = detail.find(']');
  if (!detail.starts_with(kBegin) || end == std::string_view::npos) {
    return std::nullopt;
  }
  return parse_integer<std::uint64_t>(detail.substr(kBegin.size(), end - kBegin.size()));
}

}  // namespace

void name_sockets(const proc::Table& processes, pid_t pid,
                  const std::vector<protocol::ThreadFacts*>& threads) {
  proc::SocketNames names;
  for (const protocol::ThreadFacts* thread : threads) {
    if (const auto inode = inode_in(thread->wait.detail)) {
      names[*inode];
    }
  }
  if (names.empty()) {
    return;
  }
  proc::find_sockets(processes, pid, names);
  for (protocol::ThreadFacts* thread : threads) {
    std::string& detail = thread->wait.detail;
    const auto inode = inode_in(detail);
    const std::string& name = inode ? names[*inode] : std::string();
    if (!name.empty()) {
      const bool has_peer = name.find(" -> ") != std::string::npos;
      detail = name + (has_peer ? "" : detail.substr(detail.find(']') + 1));
    }
  }
}

}  // namespace xgops::cli
