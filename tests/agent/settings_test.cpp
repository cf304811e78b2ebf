// SPDX-License-Identifier: MIT
// Options, and the environment that overrides them.
#include "settings.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <system_error>

namespace xgops::agent {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

protocol::EnvironmentLookup lookup(Variables variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found != variables.end() ? std::optional(found->second) : std::nullopt;
  };
}

xgops_agent_options options() {
  xgops_agent_options options{};
  options.size = sizeof options;
  return options;
}

Result<Settings> read(const xgops_agent_options* asked, Variables variables = {}) {
  return read_settings(asked, Mode::kLinked, lookup(std::move(variables)), 1000);
}

TEST(SettingsTest, HaveDefaults) {
  const auto settings = read(nullptr);

  ASSERT_TRUE(settings);
  EXPECT_EQ(settings.value().signal, 0);
  EXPECT_TRUE(settings.value().listens_after_fork);
  EXPECT_FALSE(settings.value().make_dumpable);
  EXPECT_EQ(settings.value().log_file, "");
  ASSERT_EQ(settings.value().directories.size(), 2U);
  EXPECT_EQ(settings.value().directories[0].path, "/run/user/1000/xgops");
  EXPECT_EQ(settings.value().directories[1].path, "/tmp/xgops-1000");
}

TEST(SettingsTest, ComeFromTheProgram) {
  auto asked = options();
  asked.directory = "/srv/sockets";
  asked.log_file = "/srv/log";
  asked.signal = XGOPS_SIGNAL_NONE;
  asked.on_fork = XGOPS_FORK_SILENT;
  asked.make_dumpable = 1;

  const auto settings = read(&asked, {{"XDG_RUNTIME_DIR", "/run/me"}});

  ASSERT_TRUE(settings);
  ASSERT_EQ(settings.value().directories.size(), 1U);
  EXPECT_EQ(settings.value().directories[0].path, "/srv/sockets");
  EXPECT_TRUE(settings.value().directories[0].configured);
  EXPECT_EQ(settings.value().log_file, "/srv/log");
  EXPECT_LT(settings.value().signal, 0);
  EXPECT_FALSE(settings.value().listens_after_fork);
  EXPECT_TRUE(settings.value().make_dumpable);
}

TEST(SettingsTest, AreOverriddenByTheEnvironment) {
  auto asked = options();
  asked.directory = "/srv/sockets";
  asked.log_file = "/srv/log";
  asked.on_fork = XGOPS_FORK_SILENT;
  asked.make_dumpable = 1;
  const std::string signal = std::to_string(SIGRTMAX - 5);

  const auto settings = read(&asked, {{"XGOPS_DIR", "/other"},
                                      {"XGOPS_LOG", "/other/log"},
                                      {"XGOPS_SIGNAL", signal},
                                      {"XGOPS_FORK", "listen"},
                                      {"XGOPS_DUMPABLE", "0"}});

  ASSERT_TRUE(settings);
  EXPECT_EQ(settings.value().directories[0].path, "/other");
  EXPECT_EQ(settings.value().log_file, "/other/log");
  EXPECT_EQ(settings.value().signal, SIGRTMAX - 5);
  EXPECT_TRUE(settings.value().listens_after_fork);
  EXPECT_FALSE(settings.value().make_dumpable);
}

TEST(SettingsTest, FindARelativeLogFromWhereTheProgramStarted) {
  const std::string here = std::filesystem::current_path().string();

  EXPECT_EQ(read(nullptr, {{"XGOPS_LOG", "s/log"}}).value().log_file, here + "/s/log");
}

TEST(SettingsTest, IgnoreARelativeDirectoryInTheEnvironment) {
  auto asked = options();
  asked.directory = "/srv/sockets";

  EXPECT_EQ(read(&asked, {{"XGOPS_DIR", "here"}}).value().directories[0].path, "/srv/sockets");
}

TEST(SettingsTest, RefuseWhatHasNoMeaning) {
  const std::string ordinary = std::to_string(SIGUSR1);
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"XGOPS_SIGNAL", "x"},
                                    {"XGOPS_SIGNAL", "62x"},
                                    {"XGOPS_SIGNAL", "99999999999"},
                                    {"XGOPS_SIGNAL", ordinary},
                                    {"XGOPS_SIGNAL", "65"},
                                    {"XGOPS_FORK", "maybe"}}) {
    const auto settings = read(nullptr, {{name, value}});

    ASSERT_FALSE(settings) << name << "=" << value;
    EXPECT_EQ(settings.error().code, std::errc::invalid_argument);
    EXPECT_FALSE(settings.error().hint.empty());
  }
  auto relative = options();
  relative.directory = "sockets";
  EXPECT_FALSE(read(&relative));
  auto policy = options();
  policy.on_fork = 7;
  EXPECT_FALSE(read(&policy));
}

TEST(SettingsTest, TakeNoSignalByName) {
  EXPECT_LT(read(nullptr, {{"XGOPS_SIGNAL", "none"}}).value().signal, 0);
}

TEST(SettingsTest, TakeOptionsOfAnOlderHeader) {
  auto asked = options();
  asked.directory = "/srv/sockets";
  asked.on_fork = XGOPS_FORK_SILENT;
  asked.size = offsetof(xgops_agent_options, on_fork);

  const auto settings = read(&asked);

  ASSERT_TRUE(settings);
  EXPECT_EQ(settings.value().directories[0].path, "/srv/sockets");
  EXPECT_TRUE(settings.value().listens_after_fork) << "that field did not exist";
}

TEST(SettingsTest, TakeOptionsOfANewerHeaderWhenItsFieldsAreUnused) {
  struct Newer {
    xgops_agent_options known;
    std::array<char, 16> added;
  } newer{options(), {}};
  newer.known.size = sizeof newer;
  newer.known.directory = "/srv/sockets";
  EXPECT_EQ(read(&newer.known).value().directories[0].path, "/srv/sockets");

  newer.added.back() = 1;

  const auto settings = read(&newer.known);
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code, std::errc::invalid_argument);
}

TEST(SettingsTest, RefuseOptionsWithoutSize) {
  const xgops_agent_options forgotten{};

  EXPECT_FALSE(read(&forgotten));
}

TEST(KillSwitchTest, IsExactlyZero) {
  EXPECT_TRUE(is_disabled(lookup({{"XGOPS", "0"}})));
  EXPECT_FALSE(is_disabled(lookup({{"XGOPS", "1"}})));
  EXPECT_FALSE(is_disabled(lookup({{"XGOPS", ""}})));
  EXPECT_FALSE(is_disabled(lookup({})));
}

TEST(PreloadListTest, LosesOurEntryOnly) {
  constexpr const char* kName = "libxgops-agent.so";

  EXPECT_EQ(without_preload("/lib/libxgops-agent.so", kName), "");
  EXPECT_EQ(without_preload("libxgops-agent.so", kName), "");
  EXPECT_EQ(without_preload("/a.so:/lib/libxgops-agent.so:/b.so", kName), "/a.so:/b.so");
  EXPECT_EQ(without_preload("/a.so /lib/libxgops-agent.so  /b.so", kName), "/a.so:/b.so");
  EXPECT_EQ(without_preload("/x/libxgops-agent.so:/y/libxgops-agent.so", kName), "");
}

TEST(PreloadListTest, IsLeftAloneWithoutOurEntry) {
  constexpr const char* kName = "libxgops-agent.so";

  EXPECT_EQ(without_preload("", kName), std::nullopt);
  EXPECT_EQ(without_preload("/a.so:/libxgops-agent.so.bak", kName), std::nullopt);
  EXPECT_EQ(without_preload("/libxgops-agent.so/a.so", kName), std::nullopt);
}

}  // namespace
}  // namespace xgops::agent
