// SPDX-License-Identifier: MIT
// Where agents' sockets may be.
#include "client/discovery.hpp"

#include "proc/files.hpp"
#include "support/parse.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <dirent.h>
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

std::vector<std::string> entries_of(const std::string& path) {
  std::vector<std::string> names;
  DIR* const raw = ::opendir(path.c_str());
  if (raw == nullptr) {
    return names;
  }
  const auto close_directory = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close_directory)> stream(raw, close_directory);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread uses this stream.
  while (const dirent* const entry = ::readdir(stream.get())) {
    names.emplace_back(entry->d_name);
  }
  return names;
}

/// Directories opened so far, each once whatever way leads to it.
class DirectorySet {
 public:
  explicit DirectorySet(uid_t caller) : caller_(caller) {}

  /// Adds the sockets in the directory at `path` to `sockets`. False when it may not be opened.
  bool collect(const std::string& path, std::vector<SocketAddress>& sockets) {
    const auto [entry, is_new] = tried_.try_emplace(path, true);
    if (is_new) {
      const auto directory = open_directory(path, caller_);
      take(directory, sockets);
      entry->second = directory || directory.error().code != std::errc::permission_denied;
    }
    return entry->second;
  }

  /// The same inside another view of the file system, which `view` names.
  void collect_below(const std::string& view, const std::string& root_path, const std::string& path,
                     std::vector<SocketAddress>& sockets) {
    if (tried_.try_emplace(view + path, true).second) {
      take(open_directory_below(root_path, path, caller_), sockets);
    }
  }

 private:
  void take(const Result<DirectoryPtr>& directory, std::vector<SocketAddress>& sockets) {
    if (directory && seen_.insert({(*directory)->device, (*directory)->inode}).second) {
      std::vector<SocketAddress> found = sockets_in(*directory);
      std::move(found.begin(), found.end(), std::back_inserter(sockets));
    }
  }

  uid_t caller_;
  std::map<std::string, bool> tried_;  ///< Path, and whether it may be opened.
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;
};

/// Where the agent of process `pid` would put its socket, by that process's own environment and
/// its own idea of its user id.
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

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}
std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

/// The directories that a user's own agents use, as seen from here.
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

void collect_all_users(const Places& places, DirectorySet& set,
                       std::vector<SocketAddress>& sockets) {
  for (const std::string& name : entries_of(places.run_user)) {
    if (parse_integer<uid_t>(std::string_view(name))) {
      set.collect(places.run_user + "/" + name + "/xgops", sockets);
    }
  }
  for (const std::string& name : entries_of(places.temporary)) {
    if (name.starts_with("xgops-") && parse_integer<uid_t>(std::string_view(name).substr(6))) {
      set.collect(places.temporary + "/" + name, sockets);
    }
  }
}

/// Directories that the kernel's list of listening sockets names: XGOPS_DIR of other programs.
void collect_listening(const Places& places, DirectorySet& set, FoundSockets& found) {
  for (const std::string& path : places.processes.listening_socket_paths()) {
    const auto endpoint = protocol::parse_socket_name(name_of(path));
    if (!endpoint) {
      continue;
    }
    if (!set.collect(parent_of(path), found.reachable)) {
      found.foreign.push_back({*endpoint, path});
    } else if (::access(path.c_str(), F_OK) != 0 && process_exists(places.processes, *endpoint)) {
      // Bound under another root (chroot, a private /tmp): the path is as that process sees it.
      const std::string root = places.processes.path(endpoint->pid, "root");
      set.collect_below(root, root, parent_of(path), found.reachable);
    }
  }
}

/// Directories in other mount namespaces. Only there may a process have another PID than the one
/// it has here, so that its socket's name says nothing to us.
void collect_other_namespaces(const Places& places, DirectorySet& set,
                              std::vector<SocketAddress>& sockets) {
  const proc::Table& processes = places.processes;
  const auto own = proc::read_link(processes.root() + "/self/ns/mnt");
  if (!own) {
    return;
  }
  for (const pid_t pid : processes.pids()) {
    const auto theirs = proc::read_link(processes.path(pid, "ns/mnt"));
    if (!theirs || *theirs == *own) {
      continue;  // Another user's, or it sees what we see.
    }
    const std::string root = processes.path(pid, "root");
    for (const auto& directory : directories_of(processes, pid)) {
      set.collect_below(*theirs, root, directory.path, sockets);
    }
  }
}

/// The directories to try first for a process of `user`.
std::vector<std::string> directories_for(const Places& places, uid_t user) {
  std::vector<std::string> directories;
  if (auto only = configured_directory(places)) {
    directories.push_back(*std::move(only));
  }
  std::vector<std::string> usual = usual_directories(places, places.uid);
  if (places.uid == 0 && user != 0) {
    std::vector<std::string> theirs = usual_directories(places, user);
    std::move(theirs.begin(), theirs.end(), std::back_inserter(usual));
  }
  for (std::string& path : usual) {
    if (std::find(directories.begin(), directories.end(), path) == directories.end()) {
      directories.push_back(std::move(path));
    }
  }
  return directories;
}

/// Sockets that name `pid` although no such process is here: it may live in a PID namespace that
/// we cannot see but that shares a directory with us.
std::vector<SocketAddress> sockets_of_invisible(const Places& places,
                                                const std::vector<std::string>& directories,
                                                pid_t pid) {
  std::vector<SocketAddress> sockets;
  for (const std::string& path : directories) {
    if (const auto directory = open_directory(path, places.uid)) {
      for (SocketAddress& address : sockets_in(*directory)) {
        if (address.endpoint.pid == pid) {
          sockets.push_back(std::move(address));
        }
      }
    }
  }
  return sockets;
}

/// Sockets with the name of `endpoint` that the kernel lists as listening, under our root or, when
/// the path leads nowhere here, under that of the process.
std::vector<SocketAddress> listening_sockets_named(const Places& places,
                                                   const protocol::Endpoint& endpoint) {
  std::vector<SocketAddress> sockets;
  const std::string name = protocol::socket_name(endpoint);
  const std::string root = places.processes.path(endpoint.pid, "root");
  for (const std::string& path : places.processes.listening_socket_paths()) {
    if (name_of(path) != name) {
      continue;
    }
    for (const auto& directory : {open_directory(parent_of(path), places.uid),
                                  open_directory_below(root, parent_of(path), places.uid)}) {
      if (directory && is_socket({*directory, name, endpoint})) {
        sockets.push_back({*directory, name, endpoint});
        break;
      }
    }
  }
  return sockets;
}

std::vector<SocketAddress> sockets_in_view_of(const Places& places, pid_t pid, pid_t inner_pid) {
  std::vector<SocketAddress> sockets;
  for (const auto& place : directories_of(places.processes, pid)) {
    const auto directory =
        open_directory_below(places.processes.path(pid, "root"), place.path, places.uid);
    if (directory) {
      for (SocketAddress& address : sockets_in(*directory)) {
        if (address.endpoint.pid == inner_pid) {
          sockets.push_back(std::move(address));
        }
      }
    }
  }
  return sockets;
}

}  // namespace

Places real_places() {
  Places places;
  places.uid = ::geteuid();
  places.environment = real_environment;
  return places;
}

FoundSockets find_sockets(const Places& places) {
  FoundSockets found;
  DirectorySet set(places.uid);
  if (const auto only = configured_directory(places)) {
    set.collect(*only, found.reachable);
    return found;
  }
  for (const std::string& path : usual_directories(places, places.uid)) {
    set.collect(path, found.reachable);
  }
  if (places.uid == 0) {
    collect_all_users(places, set, found.reachable);
  }
  collect_listening(places, set, found);
  collect_other_namespaces(places, set, found.reachable);
  return found;
}

ProcessSockets find_sockets_of(const Places& places, pid_t pid) {
  ProcessSockets found;
  const auto stat = places.processes.stat(pid);
  const auto status = places.processes.status(pid);
  const std::vector<std::string> directories =
      directories_for(places, status ? status->uid : places.uid);
  if (!stat) {
    found.sockets = sockets_of_invisible(places, directories, pid);
    return found;
  }
  const protocol::Endpoint endpoint{pid, stat->start_time_ticks};
  const std::string name = protocol::socket_name(endpoint);
  for (const std::string& path : directories) {
    if (const auto directory = open_directory(path, places.uid)) {
      SocketAddress address{*directory, name, endpoint};
      if (is_socket(address)) {
        found.sockets.push_back(std::move(address));
        return found;
      }
    }
    found.searched.push_back(path);
    found.searched.back().append("/").append(name);
  }
  found.sockets = listening_sockets_named(places, endpoint);
  if (found.sockets.empty()) {
    // Inside its own view of the file system it has the PID of its innermost namespace.
    const pid_t inner_pid =
        status && !status->namespace_pids.empty() ? status->namespace_pids.back() : pid;
    found.sockets = sockets_in_view_of(places, pid, inner_pid);
  }
  return found;
}

bool process_exists(const proc::Table& processes, const protocol::Endpoint& endpoint) {
  const auto stat = processes.stat(endpoint.pid);
  return stat && stat->start_time_ticks == endpoint.start_time_ticks;
}

}  // namespace xgops::cli
