// SPDX-License-Identifier: MIT
// Who is served: our user and root.
#include "client.hpp"
#include "running_server.hpp"
#include "server/connection.hpp"
#include "socket_pair.hpp"
#include "support/event.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <utility>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xgops::server {
namespace {

constexpr uid_t kUser = 61234;
constexpr uid_t kOther = 61235;

class PeerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can play several users";
    }
  }

  /// A pair of sockets whose credentials are those of `peer`, then `body` as user `own`, in a child
  /// process. True when `body` returned true.
  static bool as(uid_t peer, uid_t own, const std::function<bool(test::SocketPair&)>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      // SO_PEERCRED keeps who made the pair.
      bool ok = ::seteuid(peer) == 0;
      auto pair = test::make_socket_pair();
      ok = ok && ::seteuid(0) == 0 && ::seteuid(own) == 0 && body(pair);
      ::_exit(ok ? 0 : 1);
    }
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0;
  }

  static bool is_admitted(test::SocketPair& pair) {
    const support::Event stop;
    const auto state = test::make_agent_state();
    return admit(pair.ours.get(), *state, stop, 0) && state->counters.peers_refused == 0;
  }
  static bool is_refused_and_told(test::SocketPair& pair) {
    const support::Event stop;
    const auto state = test::make_agent_state();
    if (admit(pair.ours.get(), *state, stop, 0) || state->counters.peers_refused != 1) {
      return false;
    }
    test::Client client(std::move(pair.theirs));
    const auto error = client.receive_error();
    return error && error->code == protocol::Errc::kPermissionDenied && !error->hint.empty();
  }
};

TEST_F(PeerTest, TheSameUserIsServed) {
  EXPECT_TRUE(as(kUser, kUser, is_admitted));
}

TEST_F(PeerTest, RootIsServed) {
  EXPECT_TRUE(as(0, kUser, is_admitted));
}

TEST_F(PeerTest, AnotherUserIsRefusedAndCounted) {
  EXPECT_TRUE(as(kOther, kUser, is_refused_and_told));
}

TEST_F(PeerTest, AUserIsRefusedByRoot) {
  EXPECT_TRUE(as(kUser, 0, is_refused_and_told));
}

}  // namespace
}  // namespace xgops::server
