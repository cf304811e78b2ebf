// SPDX-License-Identifier: MIT
#include "proc/net_sockets.hpp"

#include <gtest/gtest.h>

#include <string>

namespace xgops::cli::proc {
namespace {

constexpr std::string_view kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
    "   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000   0  0 1145 1 00 "
    "100\n"
    "   1: 0100007F:AE16 0100007F:A799 01 00000000:00000000 00:00000000 00000000   0  0 77 1 00 "
    "20\n"
    "   2: 0100007F:AE16 0100007F 01 0:0 0:0 0 0 0 78 1\n";
constexpr std::string_view kTcp6 =
    "  sl  local_address                         remote_address                        st\n"
    "   0: 00000000000000000000000001000000:1F90 B80D01200000000000000000FE000000:01BB 01 "
    "00000000:00000000 00:00000000 00000000   0  0 99 1 00 20\n";
constexpr std::string_view kUnix =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 10 /tmp/a b.sock\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03  11\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03  12 @abstract\n";

TEST(InternetTableTest, NamesBothEnds) {
  SocketNames names{{1145, ""}, {77, ""}, {78, ""}, {4711, ""}};

  find_in_internet_table(kTcp, "tcp", names);

  EXPECT_EQ(names[1145], "tcp 0.0.0.0:2024 (listening)");
  EXPECT_EQ(names[77], "tcp 127.0.0.1:44566 -> 127.0.0.1:42905");
  EXPECT_EQ(names[78], "") << "no address";
  EXPECT_EQ(names[4711], "");
}

TEST(InternetTableTest, ReadsLongAddresses) {
  SocketNames names{{99, ""}};

  find_in_internet_table(kTcp6, "udp", names);

  EXPECT_EQ(names[99], "udp [::1]:8080 -> [2001:db8::fe]:443");
}

TEST(InternetTableTest, AddsNothingThatNobodyAskedFor) {
  SocketNames names{{1, ""}};

  find_in_internet_table(kTcp, "tcp", names);
  find_in_unix_table(kUnix, names);

  EXPECT_EQ(names.size(), 1U);
}

TEST(InternetTableTest, PassesOverWhatMakesNoSense) {
  SocketNames names{{77, ""}};
  for (std::size_t length = 0; length < kTcp.size(); ++length) {
    find_in_internet_table(kTcp.substr(0, length), "tcp", names);
    find_in_unix_table(kTcp.substr(0, length), names);
  }
  find_in_internet_table("heading\n\n : : : : : : : : : :\n", "tcp", names);

  EXPECT_EQ(names.size(), 1U);
}

TEST(UnixTableTest, KnowsPathsWithBlanksAndNone) {
  SocketNames names{{10, ""}, {11, ""}, {12, ""}};

  find_in_unix_table(kUnix, names);

  EXPECT_EQ(names[10], "unix /tmp/a b.sock (listening)");
  EXPECT_EQ(names[11], "unix unnamed");
  EXPECT_EQ(names[12], "unix @abstract");
}

}  // namespace
}  // namespace xgops::cli::proc
