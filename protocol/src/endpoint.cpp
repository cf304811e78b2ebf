// SPDX-License-Identifier: MIT
// Names of sockets and the directories that hold them.
#include "xgops/protocol/endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

namespace xgops::protocol {
namespace {

constexpr std::string_view kSuffix = ".sock";

/// `text` as a whole is a decimal number of type T.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// `/run//` is `/run`; the root stays `/`.
std::string without_trailing_slashes(std::string_view path) {
  const std::size_t last = path.find_last_not_of('/');
  return last == std::string_view::npos ? "/" : std::string(path.substr(0, last + 1));
}

/// An absolute path from the environment; nothing for a value that is no use as one.
std::optional<std::string> absolute_path(const EnvironmentLookup& environment,
                                         std::string_view name) {
  const std::optional<std::string> value = environment(name);
  if (!value || !value->starts_with('/')) {
    return std::nullopt;
  }
  return without_trailing_slashes(*value);
}

/// Of an absolute path without slashes at its end.
std::string parent_of(std::string_view path) {
  return without_trailing_slashes(path.substr(0, path.rfind('/')));
}

}  // namespace

std::string socket_name(const Endpoint& endpoint) {
  std::string name = std::to_string(endpoint.pid);
  name += '-';
  name += std::to_string(endpoint.start_time_ticks);
  name += kSuffix;
  return name;
}

std::optional<Endpoint> parse_socket_name(std::string_view name) {
  if (!name.ends_with(kSuffix)) {
    return std::nullopt;
  }
  const std::string_view stem = name.substr(0, name.size() - kSuffix.size());
  const std::size_t dash = stem.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto pid = parse_number<std::int32_t>(stem.substr(0, dash));
  const auto start_time_ticks = parse_number<std::uint64_t>(stem.substr(dash + 1));
  if (!pid || *pid <= 0 || !start_time_ticks) {
    return std::nullopt;
  }
  const Endpoint endpoint{*pid, *start_time_ticks};
  // One name a process: "007-1.sock" is somebody else's file.
  return socket_name(endpoint) == name ? std::optional(endpoint) : std::nullopt;
}

std::vector<SocketDirectory> socket_directories(const EnvironmentLookup& environment,
                                                std::uint32_t uid) {
  if (auto path = absolute_path(environment, "XGOPS_DIR")) {
    std::string parent = parent_of(*path);
    return {SocketDirectory{std::move(*path), std::move(parent), true}};
  }
  std::vector<SocketDirectory> directories;
  const auto add = [&](const std::string& parent, const std::string& name) {
    std::string path = (parent == "/" ? "" : parent) + "/" + name;
    const bool is_new = std::none_of(directories.begin(), directories.end(),
                                     [&](const auto& other) { return other.path == path; });
    if (is_new) {  // $XDG_RUNTIME_DIR usually is /run/user/UID.
      directories.push_back({std::move(path), parent, false});
    }
  };
  if (const auto runtime = absolute_path(environment, "XDG_RUNTIME_DIR")) {
    add(*runtime, "xgops");
  }
  add("/run/user/" + std::to_string(uid), "xgops");
  add("/tmp", "xgops-" + std::to_string(uid));
  return directories;
}

}  // namespace xgops::protocol
