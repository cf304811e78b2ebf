// SPDX-License-Identifier: MIT
// Every socket of an agent that this user may reach.
#include "client/discovery.hpp"

#include "proc/files.hpp"
#include "support/parse.hpp"

#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

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

}  // namespace

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

}  // namespace xgops::cli
