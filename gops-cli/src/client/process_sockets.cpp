// SPDX-License-Identifier: MIT
// Finds the socket of one process.
#include "client/process_sockets.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace xgops::cli {
namespace {

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

}  // namespace xgops::cli
