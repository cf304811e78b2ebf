// SPDX-License-Identifier: MIT
// `xgops` and `xgops list`: who is there, who only seems to be.
#include "e2e.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <sstream>

#include <signal.h>
#include <unistd.h>

namespace xgops::test {
namespace {

using std::string;
namespace fs = std::filesystem;

std::vector<string> lines_of(const string& text) {
  std::istringstream stream(text);
  std::vector<string> lines;
  for (string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::vector<string> words_of(const string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<string>(stream), {}};
}

/// The entry of `processes` with this PID; null when there is none.
Json listed(const CommandResult& result, pid_t pid) {
  const Json document = parse_json(result.out);
  if (document.is_object()) {
    for (const Json& process : document["processes"]) {
      if (process["pid"] == pid) {
        return process;
      }
    }
  }
  return nullptr;
}

TargetProcess start(const string& name, const fs::path& sockets, Launch launch = Launch::kPreload) {
  TargetOptions options;
  options.socket_directory = sockets;
  options.launch = launch;
  return TargetProcess::spawn(name, options);
}

class ListTest : public testing::Test {
 protected:
  [[nodiscard]] CommandResult list(std::vector<string> options = {}) const {
    options.insert(options.begin(), "list");
    return run_xgops(sockets_.path(), options);
  }

  TempDir sockets_;
};

TEST_F(ListTest, ShowsAProcessAsATableRow) {
  auto target = start("simple", sockets_.path());
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto result = list();

  ASSERT_EQ(result.status, 0) << describe(result);
  EXPECT_EQ(result.err, "");
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2U) << result.out;
  EXPECT_EQ(words_of(lines[0]), (std::vector<string>{"PID", "PPID", "NAME", "TASKS", "THREADS",
                                                     "UPTIME", "AGENT", "PATH"}));
  const auto row = words_of(lines[1]);
  ASSERT_EQ(row.size(), 8U) << result.out;
  EXPECT_EQ(row[0], target.pid_text());
  EXPECT_EQ(row[1], std::to_string(::getpid()));
  EXPECT_EQ(row[2], "simple");
  EXPECT_EQ(row[3], "0");
  EXPECT_EQ(row[4], "3");  // main, worker, the agent's own.
  EXPECT_EQ(row[7], target_path("simple"));
}

TEST_F(ListTest, IsWhatHappensWithoutACommand) {
  auto target = start("simple", sockets_.path());
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto result = run_xgops(sockets_.path(), {});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_NE(result.out.find(target.pid_text()), string::npos) << result.out;
}

TEST_F(ListTest, HasEveryFieldInJson) {
  auto target = start("simple", sockets_.path());
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const Json process = listed(list({"--json"}), target.pid());

  ASSERT_TRUE(process.is_object());
  EXPECT_EQ(process["ppid"], ::getpid());
  EXPECT_EQ(process["name"], "simple");
  EXPECT_EQ(process["path"], target_path("simple").string());
  EXPECT_EQ(process["tasks"], 0);
  EXPECT_EQ(process["threads"], 3);
  EXPECT_GT(process["uptime_s"], 0.0);
  EXPECT_TRUE(process["agent"].is_string()) << process;
}

TEST_F(ListTest, IsInOrderOfPid) {
  std::vector<TargetProcess> targets;
  for (int i = 0; i < 5; ++i) {
    targets.push_back(start("simple", sockets_.path()));
  }
  for (TargetProcess& target : targets) {
    ASSERT_TRUE(target.wait_ready()) << target.log();
  }

  const Json document = parse_json(list({"--json"}).out);

  std::vector<int> pids;
  for (const Json& process : document["processes"]) {
    pids.push_back(process["pid"].get<int>());
  }
  EXPECT_EQ(pids.size(), 5U);
  EXPECT_TRUE(std::is_sorted(pids.begin(), pids.end())) << document;
}

TEST_F(ListTest, IsEmptyAndSaysWhatToDoWhenNobodyIsThere) {
  const auto result = list();

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_NE(result.err.find("no process"), string::npos) << result.err;
  EXPECT_NE(result.err.find("xgops run"), string::npos) << result.err;
  EXPECT_EQ(parse_json(list({"--json"}).out)["processes"], Json::array());
}

TEST_F(ListTest, ForgetsAKilledProcessAndSweepsItsSocket) {
  auto target = start("simple", sockets_.path());
  ASSERT_TRUE(target.wait_ready()) << target.log();
  target.kill();
  ASSERT_TRUE(target.wait());
  ASSERT_FALSE(fs::is_empty(sockets_.path())) << "a killed process cannot remove its socket";

  const auto result = list({"--json"});

  EXPECT_EQ(parse_json(result.out)["processes"], Json::array());
  EXPECT_TRUE(fs::is_empty(sockets_.path()));
}

TEST_F(ListTest, ShowsNoProcessBecauseOfAFileAlone) {
  auto target = start("simple", sockets_.path(), Launch::kPlain);
  ASSERT_TRUE(target.wait_ready()) << target.log();
  // The name that its agent would use, with the right start time, but nobody behind it.
  const auto stat =
      run_command({{"cut", "-d", " ", "-f", "22", "/proc/" + target.pid_text() + "/stat"}});
  const string start_time = stat.out.substr(0, stat.out.find('\n'));
  const auto socket = sockets_.path() / (target.pid_text() + "-" + start_time + ".sock");
  ASSERT_EQ(run_command({{"touch", socket.string()}}).status, 0);

  EXPECT_TRUE(listed(list({"--json"}), target.pid()).is_null());
}

TEST_F(ListTest, ShowsProgramsWithoutAgentOnRequest) {
  auto with = start("simple", sockets_.path());
  auto without = start("deep_recursion", sockets_.path(), Launch::kPlain);
  ASSERT_TRUE(with.wait_ready() && without.wait_ready()) << with.log() << without.log();

  EXPECT_TRUE(listed(list({"--json"}), without.pid()).is_null());
  const auto result = list({"--all"});

  EXPECT_EQ(result.status, 0) << describe(result);
  const auto lines = lines_of(result.out);
  const auto has_row = [&](const std::vector<string>& beginning) {
    return std::any_of(lines.begin(), lines.end(), [&](const string& line) {
      const auto words = words_of(line);
      return words.size() > beginning.size() &&
             std::equal(beginning.begin(), beginning.end(), words.begin());
    });
  };
  EXPECT_TRUE(has_row({"*", with.pid_text()})) << result.out;
  EXPECT_TRUE(has_row({without.pid_text()})) << result.out;
}

TEST_F(ListTest, SaysThatAStoppedProcessDoesNotAnswer) {
  auto target = start("simple", sockets_.path());
  ASSERT_TRUE(target.wait_ready()) << target.log();
  ASSERT_EQ(::kill(target.pid(), SIGSTOP), 0);

  const auto result = run_xgops(sockets_.path(), {"list", "--timeout", "300ms"});

  ::kill(target.pid(), SIGCONT);
  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_NE(result.out.find("no answer"), string::npos) << result.out;
}

TEST_F(ListTest, FindsTheAgentOfAProcessThatChangedIntoAnotherProgram) {
  TargetOptions options;
  options.socket_directory = sockets_.path();
  options.arguments = {"-c", "exec " + target_path("simple").string()};
  auto target = TargetProcess::spawn_program("/bin/sh", options);
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const Json document = parse_json(list({"--json"}).out);

  ASSERT_EQ(document["processes"].size(), 1U) << document;
  EXPECT_EQ(document["processes"][0]["name"], "simple");
  EXPECT_EQ(document["processes"][0]["pid"], target.pid());
}

/// A program in PID and mount namespaces of its own, with a socket directory that nobody else sees.
class ContainerTest : public testing::Test {
 protected:
  void SetUp() override {
    XGOPS_REQUIRE_ROOT();
    XGOPS_REQUIRE_PROGRAM("unshare");
    const string sockets = (directory_.path() / "inside").string();
    fs::create_directory(sockets);
    const string script = "mount -t tmpfs -o mode=700 none " + sockets +
                          " && mount -t proc proc /proc && XGOPS_DIR=" + sockets +
                          " LD_PRELOAD=" + agent_path().string() + " exec " +
                          target_path("simple").string();
    TargetOptions options;
    options.launch = Launch::kPlain;
    options.arguments = {"--mount", "--pid", "--fork", "--kill-child", "--propagation",
                         "private", "sh",    "-c",     script};
    outside_.emplace(TargetProcess::spawn_program(*find_program("unshare"), options));
    ASSERT_TRUE(outside_->wait_ready()) << outside_->log();
    const string pid = outside_->pid_text();
    const auto children = run_command({{"cat", "/proc/" + pid + "/task/" + pid + "/children"}});
    pid_ = std::stoi(children.out);
  }

  /// As a user does, who has set nothing.
  static CommandResult xgops(std::vector<string> arguments) {
    Command command;
    command.arguments = std::move(arguments);
    command.arguments.insert(command.arguments.begin(), xgops_path().string());
    command.environment = {{"XGOPS_DIR", std::nullopt}};
    return run_command(command);
  }

  TempDir directory_;
  std::optional<TargetProcess> outside_;
  pid_t pid_ = 0;
};

TEST_F(ContainerTest, IsListedUnderTheHostsPid) {
  const Json process = listed(xgops({"list", "--json"}), pid_);

  ASSERT_TRUE(process.is_object());
  EXPECT_EQ(process["name"], "simple");
  EXPECT_EQ(process["ppid"], outside_->pid());
}

TEST_F(ContainerTest, ShowsItsStacks) {
  const auto result = xgops({"stack", "--json", "-p", std::to_string(pid_)});
  const Json document = parse_json(result.out);

  ASSERT_EQ(result.status, 0) << describe(result);
  EXPECT_EQ(document["pid"], pid_);
  EXPECT_EQ(document["namespace_pid"], 1);
  EXPECT_TRUE(
      has_function(find_thread(document, outside_->fact("worker").value("tid", 0)), "innermost"))
      << describe(result);
}

TEST(UserNamespaceTest, IsAskedByRootAsItsOwnUser) {
  XGOPS_REQUIRE_ROOT();
  XGOPS_REQUIRE_PROGRAM("unshare");
  XGOPS_REQUIRE_PROGRAM("setpriv");
  constexpr uid_t kUser = 12345;
  const TempDir directory;
  const fs::path sockets = directory.path() / "sockets";
  fs::create_directory(sockets);
  fs::permissions(directory.path(), fs::perms::owner_all | fs::perms::others_exec);
  ASSERT_EQ(::chown(sockets.c_str(), kUser, kUser), 0);
  fs::permissions(sockets, fs::perms::owner_all);
  TargetOptions options;
  options.launch = Launch::kPlain;
  options.arguments = {"--reuid=" + std::to_string(kUser),
                       "--regid=" + std::to_string(kUser),
                       "--clear-groups",
                       "unshare",
                       "--user",
                       "--map-root-user",
                       "env",
                       "XGOPS_DIR=" + sockets.string(),
                       "LD_PRELOAD=" + agent_path().string(),
                       target_path("simple").string()};
  auto target = TargetProcess::spawn_program(*find_program("setpriv"), options);
  if (!target.wait_ready()) {
    GTEST_SKIP() << "no user namespace can be made here, or the program cannot be read by others: "
                 << target.log();
  }

  // Inside there is no name for root: what comes from it comes from nobody.
  const auto result = run_xgops(sockets, {"vitals", "--json", "-p", target.pid_text()});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_EQ(parse_json(result.out)["pid"], target.pid());
}

}  // namespace
}  // namespace xgops::test
