// SPDX-License-Identifier: MIT
// Nothing of the agent but xgops_* is visible to its host, and nothing of the host reaches it.
#include "agent_target.hpp"
#include "support/command.hpp"
#include "support/paths.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace xgops::test {
namespace {

/// The last words of the lines that `command` prints.
std::vector<std::string> last_words(std::vector<std::string> command) {
  const CommandResult result = run_command({.arguments = std::move(command)});
  EXPECT_EQ(result.status, 0) << describe(result);
  std::vector<std::string> words;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(' ') != std::string::npos) {
      words.push_back(line.substr(line.rfind(' ') + 1));
    }
  }
  return words;
}

/// The functions of the headers *_abi.h, and the data that tracked tasks write.
const std::set<std::string> kPublicNames{
    "xgops_agent_guard_thread",  "xgops_agent_running",
    "xgops_agent_socket_path",   "xgops_agent_start",
    "xgops_agent_stop",          "xgops_agent_version",
    "xgops_frame_refill",        "xgops_frame_spill",
    "xgops_growth_begin",        "xgops_growth_end",
    "xgops_leak_create_thread",  "xgops_leak_current",
    "xgops_leak_scope_close",    "xgops_leak_scope_current",
    "xgops_leak_scope_live",     "xgops_leak_scope_open",
    "xgops_leak_scope_release",  "xgops_leak_set_namer",
    "xgops_leak_verify",         "xgops_leak_watch_begin",
    "xgops_leak_watch_end",      "xgops_pending_add",
    "xgops_pending_count",       "xgops_pending_remove",
    "xgops_print_stacks",        "xgops_task_attach_thread",
    "xgops_task_count",          "xgops_task_describe_new",
    "xgops_task_executor",       "xgops_task_forget_details",
    "xgops_task_lose_exception", "xgops_task_options",
    "xgops_task_refill",         "xgops_task_refill_ids",
    "xgops_task_registry",       "xgops_task_set_label",
    "xgops_task_set_name",       "xgops_task_spill",
    "xgops_task_thread_state",   "xgops_task_try_attach_thread",
    "xgops_task_visit",          "xgops_tasks_layout_1"};

void expect_public_names_only(const std::vector<std::string>& names) {
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), kPublicNames);
}

TEST(ArchiveTest, DefinesThePublicNamesOnly) {
  expect_public_names_only(
      last_words({XGOPS_NM, "--defined-only", "--extern-only", XGOPS_ARCHIVE}));
}

TEST(SharedLibraryTest, ExportsThePublicNamesAndWhatItStandsInFrontOf) {
  std::vector<std::string> names =
      last_words({XGOPS_NM, "--dynamic", "--defined-only", agent_path().string()});

  // With crash dumps on, threads of the program are to have alternate stacks, and its handlers are
  // to be called after the dump.
  // And its agent's thread must be able to follow when it changes users and groups.
  for (const char* name :
       {"__libc_start_main", "exit", "pthread_create", "sigaction", "signal", "thrd_create",
        "__sysv_signal", "initgroups", "setegid", "seteuid", "setgid", "setgroups", "setregid",
        "setresgid", "setresuid", "setreuid", "setuid"}) {
    EXPECT_EQ(std::erase(names, name), 1U) << name;
  }
  expect_public_names_only(names);
}

#if !defined(XGOPS_SANITIZED)
TEST(SharedLibraryTest, NeedsNoCppLibrary) {
  const CommandResult result =
      run_command({.arguments = {XGOPS_READELF, "--dynamic", agent_path().string()}});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_NE(result.out.find("libc.so.6"), std::string::npos);
  for (const char* library : {"libstdc++", "libgcc_s", "libm.so"}) {
    EXPECT_EQ(result.out.find(library), std::string::npos) << result.out;
  }
}
#endif

class AsioHostTest : public testing::TestWithParam<Adoption> {};

TEST_P(AsioHostTest, HasItsOwnAsioAndCereal) {
  const bool is_linked = GetParam() == Adoption::kLinked;
  auto host = TargetProcess::spawn_program(
      is_linked ? XGOPS_LINKED_ASIO_HOST : XGOPS_PLAIN_ASIO_HOST, options(GetParam()));
  ASSERT_TRUE(host.wait_ready()) << host.log();
  const auto socket = wait_for_socket(host.socket_directory(), host.pid());
  ASSERT_TRUE(socket) << host.log();

  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(host.ask("work"), "hello archived caught");
    auto client = Client::connect(*socket);
    ASSERT_TRUE(client);
    ASSERT_TRUE(client->hello());
    EXPECT_TRUE(client->ask<protocol::Vitals>());
    EXPECT_TRUE(client->ask_all<protocol::Stacks>());
  }
  EXPECT_EQ(host.finish(), 0) << host.log();
}

INSTANTIATE_TEST_SUITE_P(Adoptions, AsioHostTest, testing::ValuesIn(all_adoptions()),
                         adoption_name);

class LibraryStormTest : public testing::TestWithParam<Adoption> {};

TEST_P(LibraryStormTest, IsSurvivedByProgramAndAgent) {
  AgentTarget target(GetParam());
  target.process().send_line("storm 300 libm.so.6");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(target.answers()) << i;
  }

  EXPECT_EQ(target.process().read_line(), "loaded") << target.process().log();
  EXPECT_TRUE(target.answers());
}

#if !defined(XGOPS_SANITIZED)
TEST(AgentLibraryTest, MayBeLoadedAndUnloadedByTheProgram) {
  AgentTarget target(Adoption::kPreloaded, {{"LD_PRELOAD", std::nullopt}});
  ASSERT_TRUE(AgentTarget::agent_threads(target.pid()).empty());

  EXPECT_EQ(target.ask("load 50 " + agent_path().string()), "loaded");

  EXPECT_TRUE(AgentTarget::agent_threads(target.pid()).empty()) << "loading is not asking";
}

TEST(AgentLibraryTest, StaysWhereItIsPreloaded) {
  AgentTarget target(Adoption::kPreloaded);

  EXPECT_EQ(target.ask("load 50 " + agent_path().string()), "loaded");

  EXPECT_TRUE(target.answers());
}
#endif

INSTANTIATE_TEST_SUITE_P(Adoptions, LibraryStormTest, testing::ValuesIn(all_adoptions()),
                         adoption_name);

}  // namespace
}  // namespace xgops::test
