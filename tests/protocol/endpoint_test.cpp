// SPDX-License-Identifier: MIT
// Tests of socket names and of the directories that are tried for them.
#include "xgops/protocol/endpoint.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>

namespace xgops::protocol {
namespace {

/// The directories as "path (in parent)", for an environment with just these variables.
std::vector<std::string> directories(const std::map<std::string, std::string>& variables) {
  const auto lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  std::vector<std::string> result;
  for (const SocketDirectory& directory : socket_directories(lookup, 1000)) {
    result.push_back(directory.path + " (in " + directory.parent +
                     (directory.configured ? ", configured)" : ")"));
  }
  return result;
}

using Strings = std::vector<std::string>;

const Strings kUsual{"/run/user/1000/xgops (in /run/user/1000)", "/tmp/xgops-1000 (in /tmp)"};

TEST(SocketNameTest, HasPidAndStartTime) {
  EXPECT_EQ(socket_name({4711, 88213}), "4711-88213.sock");
}

TEST(SocketNameTest, SurvivesARoundTrip) {
  for (const Endpoint& endpoint : {Endpoint{1, 0}, Endpoint{4711, 88213},
                                   Endpoint{std::numeric_limits<std::int32_t>::max(),
                                            std::numeric_limits<std::uint64_t>::max()}}) {
    EXPECT_EQ(parse_socket_name(socket_name(endpoint)), endpoint) << socket_name(endpoint);
  }
}

TEST(SocketNameTest, IsNothingElse) {
  for (
      const std::string name :
      {"",           ".sock",      "-.sock",     "1-.sock",           "-1.sock",
       "1.sock",     "1-1",        "1-1.socket", "1-1.sock.tmp",      "01-1.sock",
       "1-01.sock",  "0-1.sock",   "-1-1.sock",  "+1-1.sock",         "1-+1.sock",
       "1--1.sock",  " 1-1.sock",  "1 -1.sock",  "1- 1.sock",         "1-1 .sock",
       "0x1-1.sock", "1-1-1.sock", "a-1.sock",   "2147483648-1.sock", "1-18446744073709551616.sock",
       "x/1-1.sock"}) {
    EXPECT_EQ(parse_socket_name(name), std::nullopt) << name;
  }
  EXPECT_EQ(parse_socket_name(std::string_view("1-1\0.sock", 9)), std::nullopt);
}

TEST(SocketDirectoryTest, IsTheUsersRuntimeDirectoryThenTmp) {
  EXPECT_EQ(directories({}), kUsual);
}

TEST(SocketDirectoryTest, IsXdgRuntimeDirFirst) {
  EXPECT_EQ(directories({{"XDG_RUNTIME_DIR", "/srv/run"}}),
            (Strings{"/srv/run/xgops (in /srv/run)", kUsual[0], kUsual[1]}));
}

TEST(SocketDirectoryTest, IsListedOnce) {
  EXPECT_EQ(directories({{"XDG_RUNTIME_DIR", "/run/user/1000"}}), kUsual);
  EXPECT_EQ(directories({{"XDG_RUNTIME_DIR", "/run/user/1000//"}}), kUsual);
}

TEST(SocketDirectoryTest, IsTheConfiguredOneAlone) {
  EXPECT_EQ(directories({{"XGOPS_DIR", "/srv/agents"}, {"XDG_RUNTIME_DIR", "/srv/run"}}),
            (Strings{"/srv/agents (in /srv, configured)"}));
}

TEST(SocketDirectoryTest, HasNoSlashesAtItsEnd) {
  EXPECT_EQ(directories({{"XGOPS_DIR", "/srv//agents//"}}),
            (Strings{"/srv//agents (in /srv, configured)"}));
  EXPECT_EQ(directories({{"XGOPS_DIR", "/agents"}}), (Strings{"/agents (in /, configured)"}));
  EXPECT_EQ(directories({{"XGOPS_DIR", "//"}}), (Strings{"/ (in /, configured)"}));
  EXPECT_EQ(directories({{"XDG_RUNTIME_DIR", "/"}}),
            (Strings{"/xgops (in /)", kUsual[0], kUsual[1]}));
}

TEST(SocketDirectoryTest, IsNeverTakenFromAnEmptyOrRelativeValue) {
  EXPECT_EQ(directories({{"XGOPS_DIR", ""}, {"XDG_RUNTIME_DIR", ""}}), kUsual);
  EXPECT_EQ(directories({{"XGOPS_DIR", "agents"}, {"XDG_RUNTIME_DIR", "./run"}}), kUsual);
}

TEST(SocketDirectoryTest, LeavesRoomForEverySocketName) {
  const Endpoint largest{std::numeric_limits<std::int32_t>::max(),
                         std::numeric_limits<std::uint64_t>::max()};
  for (const SocketDirectory& directory :
       socket_directories([](auto) { return std::nullopt; }, 4'294'967'294)) {
    EXPECT_LE((directory.path + "/" + socket_name(largest)).size(), kMaxSocketPathBytes);
  }
}

}  // namespace
}  // namespace xgops::protocol
