// SPDX-License-Identifier: MIT
// Finding sockets: usual directories, the kernel's list, other roots; and what must not be trusted.
#include "client/discovery.hpp"

#include "cli/support/fake_agent.hpp"
#include "cli/support/run_cli.hpp"
#include "client/process_sockets.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

namespace fs = std::filesystem;

/// A socket file with nobody behind it.
void make_socket(const fs::path& path) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  ASSERT_LT(path.native().size(), sizeof(name.sun_path));
  std::copy(path.native().begin(), path.native().end(), std::begin(name.sun_path));
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0) << path;
}

std::vector<std::string> paths_of(const std::vector<SocketAddress>& sockets) {
  std::vector<std::string> paths;
  for (const SocketAddress& address : sockets) {
    paths.push_back(address.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool contains(const std::vector<SocketAddress>& sockets, const fs::path& path) {
  const auto paths = paths_of(sockets);
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

/// A process table of our own making.
class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() {
    fs::create_directories(root_ / "proc/net");
    fs::create_directories(root_ / "proc/self/ns");
    fs::create_symlink("mnt:[1]", root_ / "proc/self/ns/mnt");
    fs::create_symlink("/", root_ / "proc/self/root");
    fs::create_directories(root_ / "tmp");
    fs::create_directories(root_ / "run/user");
    set_listening({});
    places_.processes = proc::Table(root_ / "proc");
    places_.run_user = root_ / "run/user";
    places_.temporary = root_ / "tmp";
    places_.uid = ::geteuid();
    places_.environment = [](std::string_view) { return std::optional<std::string>(); };
  }

  void set_listening(const std::vector<fs::path>& paths) const {
    std::ofstream list(root_ / "proc/net/unix");
    list << "Num       RefCount Protocol Flags    Type St Inode Path\n";
    for (const fs::path& path : paths) {
      list << "0000000000000000: 00000002 00000000 00010000 0001 01 100 " << path.native() << "\n";
    }
  }

  void add_process(pid_t pid, pid_t inner_pid, const std::string& mount_namespace,
                   const fs::path& file_root, const std::string& environment) const {
    const fs::path entry = root_ / "proc" / std::to_string(pid);
    fs::create_directories(entry / "ns");
    std::ofstream(entry / "stat") << pid
                                  << " (inner) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 3 0 "
                                  << 5000 + pid << " 1 1\n";
    std::ofstream(entry / "status")
        << "Tgid:\t" << pid << "\nUid:\t7\t7\t7\t7\nNSpid:\t" << pid << "\t" << inner_pid << "\n";
    std::ofstream(entry / "uid_map") << "0 7 1\n";
    std::ofstream(entry / "environ") << environment << '\0';
    fs::create_symlink(mount_namespace, entry / "ns/mnt");
    fs::create_symlink(file_root, entry / "root");
  }

  fs::path make_directory(const std::string& name) const {
    fs::create_directories(root_ / name);
    return root_ / name;
  }

  test::TempDir directory_;
  fs::path root_ = directory_.path();
  Places places_;
};

TEST_F(DiscoveryTest, FindsSocketsAndNothingElseInADirectory) {
  const fs::path sockets = make_directory("s");
  make_socket(sockets / "4711-88213.sock");
  make_socket(sockets / "other.sock");
  std::ofstream(sockets / "notes") << "text";

  const auto found = find_sockets(test::test_places(sockets));

  EXPECT_EQ(paths_of(found.reachable), (std::vector<std::string>{sockets / "4711-88213.sock"}));
  EXPECT_EQ(found.reachable[0].endpoint, (protocol::Endpoint{4711, 88213}));
}

TEST_F(DiscoveryTest, LooksOnlyIntoTheConfiguredDirectory) {
  const fs::path custom = make_directory("custom");
  make_socket(custom / "1-1.sock");
  set_listening({custom / "1-1.sock"});
  const auto environment = [&](std::string_view name) {
    return name == "XGOPS_DIR" ? std::optional<std::string>(make_directory("empty")) : std::nullopt;
  };
  places_.environment = environment;

  EXPECT_TRUE(find_sockets(places_).reachable.empty());
}

TEST_F(DiscoveryTest, FindsAgentsInDirectoriesThatTheKernelNames) {
  const fs::path custom = make_directory("custom");
  make_socket(custom / "1-1.sock");
  make_socket(custom / "2-2.sock");
  set_listening(
      {custom / "1-1.sock", custom / "2-2.sock", "/run/other.sock", "/nonexistent/3-3.sock"});

  const auto found = find_sockets(places_);

  EXPECT_TRUE(contains(found.reachable, custom / "1-1.sock"));
  EXPECT_TRUE(contains(found.reachable, custom / "2-2.sock"));
  EXPECT_TRUE(found.foreign.empty());
}

TEST_F(DiscoveryTest, ListsADirectoryOnceWhateverLeadsToIt) {
  const fs::path custom = make_directory("custom");
  make_socket(custom / "1-1.sock");
  fs::create_symlink("custom", root_ / "alias");
  // A symbolic link itself is not followed; one on the way is.
  fs::create_symlink(root_, root_ / "self");
  set_listening({custom / "1-1.sock", root_ / "self/custom/1-1.sock", root_ / "alias/1-1.sock"});

  const auto found = find_sockets(places_);

  EXPECT_EQ(std::count_if(found.reachable.begin(), found.reachable.end(),
                          [](const SocketAddress& a) { return a.name == "1-1.sock"; }),
            1);
}

TEST_F(DiscoveryTest, LooksAsRootIntoTheDirectoriesOfAllUsers) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  make_socket(make_directory("run/user/1000/xgops") / "5-5.sock");
  make_socket(make_directory("tmp/xgops-1001") / "6-6.sock");
  make_socket(make_directory("tmp/xgops-build") / "7-7.sock");

  const auto found = find_sockets(places_);

  EXPECT_TRUE(contains(found.reachable, root_ / "run/user/1000/xgops/5-5.sock"));
  EXPECT_TRUE(contains(found.reachable, root_ / "tmp/xgops-1001/6-6.sock"));
  EXPECT_FALSE(contains(found.reachable, root_ / "tmp/xgops-build/7-7.sock"));
}

TEST_F(DiscoveryTest, TellsSocketsOfOthersFromItsOwn) {
  const fs::path theirs = make_directory("theirs");
  make_socket(theirs / "8-8.sock");
  set_listening({theirs / "8-8.sock"});
  places_.uid = ::geteuid() + 1;  // The directory belongs to somebody else, then.

  const auto found = find_sockets(places_);

  EXPECT_FALSE(contains(found.reachable, theirs / "8-8.sock"));
  ASSERT_EQ(found.foreign.size(), 1U);
  EXPECT_EQ(found.foreign[0].endpoint.pid, 8);
}

TEST_F(DiscoveryTest, LooksIntoOtherMountNamespaces) {
  const fs::path container = make_directory("container");
  make_socket(make_directory("container/tmp/xgops-0") / "1-9.sock");
  make_socket(make_directory("container/srv/agents") / "2-9.sock");
  add_process(300, 1, "mnt:[2]", container, "");
  add_process(301, 2, "mnt:[2]", container, "XGOPS_DIR=/srv/agents");
  // The same view of files as ours: not looked at a second time.
  make_socket(make_directory("srv/agents") / "3-9.sock");
  add_process(302, 302, "mnt:[1]", "/", "XGOPS_DIR=" + (root_ / "srv/agents").string());

  const auto found = find_sockets(places_);

  const std::string proc = root_ / "proc";
  EXPECT_TRUE(contains(found.reachable, proc + "/300/root/tmp/xgops-0/1-9.sock"));
  EXPECT_TRUE(contains(found.reachable, proc + "/301/root/srv/agents/2-9.sock"));
  EXPECT_FALSE(contains(found.reachable, root_ / "srv/agents/3-9.sock"));
}

TEST_F(DiscoveryTest, FindsAgentsUnderAnotherRoot) {
  const fs::path jail = make_directory("jail");
  make_socket(make_directory("jail/nowhere/else") / "500-5500.sock");
  add_process(500, 500, "mnt:[1]", jail, "");
  set_listening({"/nowhere/else/500-5500.sock"});

  const std::string expected = root_ / "proc/500/root/nowhere/else/500-5500.sock";
  EXPECT_TRUE(contains(find_sockets(places_).reachable, expected));
  EXPECT_TRUE(contains(find_sockets_of(places_, 500).sockets, expected));
}

TEST_F(DiscoveryTest, LetsNoLinkLeadOutOfAnotherRoot) {
  const fs::path container = make_directory("container");
  make_socket(make_directory("host/xgops") / "1-9.sock");
  fs::create_symlink(root_ / "host", container / "run");
  add_process(300, 1, "mnt:[2]", container, "XGOPS_DIR=/run/xgops");

  for (const SocketAddress& address : find_sockets(places_).reachable) {
    EXPECT_NE(address.name, "1-9.sock");
  }
}

TEST_F(DiscoveryTest, FindsOneProcessByItsNameInADirectory) {
  const fs::path custom = make_directory("custom");
  add_process(400, 400, "mnt:[1]", "/", "");
  make_socket(custom / "400-5400.sock");
  make_socket(custom / "400-1.sock");  // An earlier process with this PID.
  set_listening({custom / "400-5400.sock"});

  const auto found = find_sockets_of(places_, 400);

  EXPECT_EQ(paths_of(found.sockets), (std::vector<std::string>{custom / "400-5400.sock"}));
}

TEST_F(DiscoveryTest, FindsOneProcessInAContainerByItsInnerPid) {
  const fs::path container = make_directory("container");
  make_socket(make_directory("container/tmp/xgops-0") / "1-77.sock");
  make_socket(container / "tmp/xgops-0/2-77.sock");
  add_process(300, 1, "mnt:[2]", container, "");

  const auto found = find_sockets_of(places_, 300);

  EXPECT_EQ(paths_of(found.sockets),
            (std::vector<std::string>{root_ / "proc/300/root/tmp/xgops-0/1-77.sock"}));
}

TEST_F(DiscoveryTest, SaysWhereItLooked) {
  add_process(400, 400, "mnt:[1]", "/", "");

  const auto found = find_sockets_of(places_, 400);

  EXPECT_TRUE(found.sockets.empty());
  const std::string expected = "/run/user/" + std::to_string(::geteuid()) + "/xgops/400-5400.sock";
  EXPECT_NE(std::find(found.searched.begin(), found.searched.end(), expected),
            found.searched.end());
}

TEST_F(DiscoveryTest, FollowsNoSymbolicLinkToASocket) {
  const fs::path sockets = make_directory("s");
  make_socket(sockets / "target");
  fs::create_symlink("target", sockets / "1-1.sock");
  const auto directory = open_directory(sockets, ::geteuid());

  EXPECT_FALSE(connect_socket({*directory, "1-1.sock", {1, 1}}));
  EXPECT_FALSE(open_directory(root_ / "missing", ::geteuid()));
  fs::create_directory_symlink(sockets, root_ / "link");
  EXPECT_FALSE(open_directory(root_ / "link", ::geteuid()));
}

TEST_F(DiscoveryTest, ConnectsToPathsLongerThanASocketAddress) {
  const fs::path sockets = make_directory("s");
  const test::FakeAgent agent(sockets, test::plausible_agent());
  fs::path deep = root_;
  for (int i = 0; i < 10; ++i) {
    deep /= "a-directory-with-a-rather-long-name";
  }
  fs::create_directories(deep);
  fs::rename(sockets, deep / "s");
  const auto directory = open_directory(deep / "s", ::geteuid());

  const auto found = sockets_in(*directory);

  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(connect_socket(found[0]));
  fs::rename(deep / "s", sockets);
}

TEST_F(DiscoveryTest, RemovesStaleSocketsOnlyWhereThatIsSafe) {
  const fs::path mine = make_directory("mine");
  fs::permissions(mine, fs::perms(0700));
  make_socket(mine / "1-1.sock");
  std::ofstream(mine / "2-2.sock") << "not a socket";
  const fs::path open = make_directory("open");
  fs::permissions(open, fs::perms(0777));
  make_socket(open / "1-1.sock");
  const auto stale = [](const fs::path& path, const std::string& name, uid_t caller) {
    return remove_stale({*open_directory(path, ::geteuid()), name, {1, 1}}, caller);
  };

  EXPECT_FALSE(stale(mine, "1-1.sock", ::geteuid() + 1));
  EXPECT_FALSE(stale(mine, "2-2.sock", ::geteuid()));
  EXPECT_FALSE(stale(open, "1-1.sock", ::geteuid()));
  EXPECT_TRUE(stale(mine, "1-1.sock", ::geteuid()));

  EXPECT_FALSE(fs::exists(mine / "1-1.sock"));
  EXPECT_TRUE(fs::exists(mine / "2-2.sock"));
  EXPECT_TRUE(fs::exists(open / "1-1.sock"));
}

}  // namespace
}  // namespace xgops::cli
