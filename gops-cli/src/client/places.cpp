// SPDX-License-Identifier: MIT
// The places where agents put their sockets.
#include "client/places.hpp"

#include "proc/files.hpp"

#include <cstdlib>
#include <utility>

#include <unistd.h>

namespace xgops::cli {
namespace {

constexpr std::string_view kDirectoryVariable = "XGOPS_DIR";

std::optional<std::string> no_environment(std::string_view /*name*/) {
  return std::nullopt;
}

std::optional<std::string> real_environment(std::string_view name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
  const char* const value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

Places real_places() {
  Places places;
  places.uid = ::geteuid();
  places.environment = real_environment;
  return places;
}

std::vector<std::string> usual_directories(const Places& places, uid_t uid) {
  std::vector<std::string> paths;
  const auto without_override = [&](std::string_view name) {
    return name == kDirectoryVariable ? std::nullopt : places.environment(name);
  };
  const protocol::EnvironmentLookup environment =
      uid == places.uid ? protocol::EnvironmentLookup(without_override) : no_environment;
  for (const auto& directory : protocol::socket_directories(environment, uid)) {
    paths.push_back(directory.path);
  }
  return paths;
}

std::optional<std::string> configured_directory(const Places& places) {
  auto path = places.environment(kDirectoryVariable);
  return path && path->starts_with('/') ? path : std::nullopt;
}

std::vector<protocol::SocketDirectory> directories_of(const proc::Table& processes, pid_t pid) {
  const auto status = processes.status(pid);
  if (!status) {
    return {};
  }
  const auto uid_map = proc::read_file(processes.path(pid, "uid_map"));
  const uid_t uid =
      uid_map ? proc::map_uid(*uid_map, status->uid).value_or(status->uid) : status->uid;
  const auto environment = [&](std::string_view name) { return processes.environment(pid, name); };
  std::vector<protocol::SocketDirectory> directories =
      protocol::socket_directories(environment, uid);
  if (uid != 0) {
    // A program that gave up root after its agent had started.
    for (auto& directory : protocol::socket_directories(environment, 0)) {
      directories.push_back(std::move(directory));
    }
  }
  return directories;
}

bool process_exists(const proc::Table& processes, const protocol::Endpoint& endpoint) {
  const auto stat = processes.stat(endpoint.pid);
  return stat && stat->start_time_ticks == endpoint.start_time_ticks;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}
std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace xgops::cli
