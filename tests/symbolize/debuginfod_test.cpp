// SPDX-License-Identifier: MIT
// Servers are asked when the user says so, within a deadline, and never otherwise.
#include "debuginfod.hpp"

#include "fixture.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xgops::symbolize::test {

namespace {

// No other thread is there when the environment changes.
// NOLINTBEGIN(concurrency-mt-unsafe)

namespace fs = std::filesystem;

/// A program debuginfod-find of our own in $PATH, and servers in $DEBUGINFOD_URLS.
class DebuginfodTest : public testing::Test {
 protected:
  void SetUp() override {
    old_path_ = std::getenv("PATH");
    ::setenv("PATH", (directory_.path().string() + ":" + old_path_).c_str(), 1);
    ::setenv("DEBUGINFOD_URLS", "http://localhost:1/", 1);
    ::setenv("DEBUGINFOD_TIMEOUT", "90", 1);
  }
  void TearDown() override {
    ::setenv("PATH", old_path_.c_str(), 1);
    ::unsetenv("DEBUGINFOD_URLS");
    ::unsetenv("DEBUGINFOD_TIMEOUT");
  }

  /// `body` sees the log file as $log.
  void install_program(const std::string& body) {
    const auto program = directory_.path() / "debuginfod-find";
    std::ofstream(program) << "#!/bin/sh\nlog=" << log().string()
                           << "\necho \"$@ timeout=$DEBUGINFOD_TIMEOUT\" >>\"$log\"\n"
                           << body << "\n";
    fs::permissions(program, fs::perms::owner_all);
  }

  [[nodiscard]] fs::path log() const { return directory_.path() / "log"; }
  [[nodiscard]] std::string log_text() const {
    std::ifstream file(log());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  xgops::test::TempDir directory_;
  std::string old_path_;
};

const BuildId kId = {0x12, 0x34, 0x56, 0x78};

}  // namespace

TEST_F(DebuginfodTest, AsksForTheBuildIdWithAShortTimeout) {
  install_program("echo /some/file");
  Debuginfod debuginfod(true);

  const auto found = debuginfod.find_debug_file(kId);

  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(*found, "/some/file");
  EXPECT_EQ(log_text(), "debuginfo 12345678 timeout=5\n");
}

TEST_F(DebuginfodTest, RunsNothingUnlessEnabled) {
  install_program("echo /some/file");
  Debuginfod debuginfod(false);

  EXPECT_FALSE(debuginfod.find_debug_file(kId));
  EXPECT_FALSE(fs::exists(log()));
}

TEST_F(DebuginfodTest, RunsNothingWithoutServers) {
  install_program("echo /some/file");
  ::unsetenv("DEBUGINFOD_URLS");
  Debuginfod debuginfod(true);

  const auto found = debuginfod.find_debug_file(kId);

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, std::errc::function_not_supported);
  EXPECT_FALSE(fs::exists(log()));
}

TEST_F(DebuginfodTest, GoesOnAskingWhenAServerDoesNotHaveOneFile) {
  install_program("echo nothing >&2; exit 1");
  Debuginfod debuginfod(true);

  EXPECT_EQ(debuginfod.find_debug_file(kId).error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(debuginfod.find_debug_file(kId).error().code, std::errc::no_such_file_or_directory);
  EXPECT_TRUE(debuginfod.enabled());
}

TEST_F(DebuginfodTest, KillsAProgramThatDoesNotEndAndAsksNoMore) {
  install_program("exec sleep 1000");
  Debuginfod debuginfod(true, {.program = std::chrono::milliseconds(200)});

  EXPECT_EQ(debuginfod.find_debug_file(kId).error().code, std::errc::timed_out);
  EXPECT_FALSE(debuginfod.enabled());
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "it was reaped";
}

TEST_F(DebuginfodTest, SaysThatTheProgramIsMissing) {
  ::setenv("PATH", directory_.path().c_str(), 1);
  Debuginfod debuginfod(true);

  EXPECT_EQ(debuginfod.find_debug_file(kId).error().code, std::errc::function_not_supported);
}

TEST_F(DebuginfodTest, GivesTheSymbolizerADebugFile) {
  install_program("echo " + fixture_path("only_debug").string());
  const RunningFixture fixture(fixture_path("stripped"));
  auto options = paths_only();
  options.debuginfod = true;
  Symbolizer symbolizer = fixture.symbolizer(options);

  const auto& call = fixture.call("plain");

  EXPECT_EQ(
      described(symbolizer.symbolize(call.address, false)),
      std::vector<std::string>{"plain_function at calls.cpp:" + std::to_string(call.lines[0])});
}

TEST_F(DebuginfodTest, RefusesAFileOfAnotherBuild) {
  install_program("echo " + fixture_path("gcc_other_build").string());
  const RunningFixture fixture(fixture_path("stripped"));
  auto options = paths_only();
  options.debuginfod = true;
  Symbolizer symbolizer = fixture.symbolizer(options);

  EXPECT_EQ(symbolizer.symbolize(fixture.call("plain").address, false).front().function, "");
  ASSERT_EQ(symbolizer.notes().size(), 1U);
  EXPECT_NE(symbolizer.notes().front().find("another build"), std::string::npos)
      << symbolizer.notes().front();
}

TEST_F(DebuginfodTest, NoServerIsContactedUnlessTheUserAskedForIt) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(server, 8), 0);
  ASSERT_EQ(::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  ::setenv("DEBUGINFOD_URLS", url.c_str(), 1);
  install_program("echo /some/file");
  for (const char* name : {"stripped", "dwz_first", "gcc_split", "no_debug"}) {
    if (!has_fixture(name)) {
      continue;
    }
    const RunningFixture fixture(fixture_path(name));
    Symbolizer symbolizer = fixture.symbolizer(with_process(fixture));
    for (const auto& [probe, call] : fixture.facts().calls) {
      static_cast<void>(symbolizer.symbolize(call.address, false));
    }
  }

  EXPECT_EQ(::accept4(server, nullptr, nullptr, SOCK_CLOEXEC), -1) << "a connection was made";
  EXPECT_FALSE(fs::exists(log()));
  ::close(server);
}

// NOLINTEND(concurrency-mt-unsafe)

}  // namespace xgops::symbolize::test
