// SPDX-License-Identifier: MIT
// Servers that nobody here wrote, unmodified, started with `xgops run`.
#include "e2e.hpp"
#include "gdb_comparison.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <thread>

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xgops::test {
namespace {

using std::string;
namespace fs = std::filesystem;

constexpr std::chrono::seconds kServerDeadline{60};

/// Reads lines until one contains `part`.
testing::AssertionResult wait_for_line(TargetProcess& server, const string& part) {
  while (const auto line = server.read_line(kServerDeadline)) {
    if (line->find(part) != string::npos) {
      return testing::AssertionSuccess();
    }
  }
  return testing::AssertionFailure() << "no line with \"" << part << "\"\n" << server.log();
}

/// That `document` has every thread of `pid` that lived before and after it was made.
testing::AssertionResult has_every_thread(const Json& document, const std::vector<pid_t>& before,
                                          const std::vector<pid_t>& after) {
  for (const pid_t tid : before) {
    const bool lived = std::find(after.begin(), after.end(), tid) != after.end();
    if (lived && find_thread(document, tid).is_null()) {
      return testing::AssertionFailure() << "thread " << tid << " is missing";
    }
  }
  return testing::AssertionSuccess();
}

/// At least 99 of 100 frames equal to gdb's. What differs is printed either way.
void expect_gdbs_frames(const TargetProcess& server, pid_t pid) {
  const auto comparison = compare_with_gdb(server, 4, pid);
  ASSERT_TRUE(comparison.document.is_object()) << describe(comparison.command);
  const Json& document = comparison.document;
  testing::Test::RecordProperty("frames_" + std::to_string(pid), document["frames"].dump());
  EXPECT_EQ(document["missing"], Json::array());
  // The agent's own thread cannot be compared; at most one more is never at rest.
  EXPECT_GE(document["compared"].get<int>() + 2, document["threads"].get<int>());
  EXPECT_GT(document["frames"], 0);
  EXPECT_GE(document["equal"].get<int>() * 100, document["frames"].get<int>() * 99)
      << document["differences"].dump(1);
}

/// XGOPS_DIAGNOSE_RUNS says how often; the default is 10.
int diagnose_runs() {
  const char* const text = std::getenv("XGOPS_DIAGNOSE_RUNS");
  return text == nullptr ? 10 : std::max(1, std::atoi(text));
}

/// Servers do what they are made for: nothing may be said of them.
void expect_no_findings(const TargetProcess& target, pid_t pid) {
  for (int run = 0; run < diagnose_runs(); ++run) {
    const auto result = target.xgops({"diagnose", "-p", std::to_string(pid)});
    ASSERT_EQ(result.status, 0) << "run " << run << "\n" << describe(result);
  }
}

class RedisTest : public testing::Test {
 protected:
  void SetUp() override {
    XGOPS_REQUIRE_PROGRAM("redis-server");
    XGOPS_REQUIRE_PROGRAM("redis-benchmark");
    TargetOptions options;
    options.launch = Launch::kRun;
    options.arguments = {
        "--port", "0", "--unixsocket", socket_, "--dir", directory_.path().string(),
        "--save", "",  "--appendonly", "no"};
    options.environment = environment();
    server_.emplace(TargetProcess::spawn_program(*find_program("redis-server"), options));
    ASSERT_TRUE(wait_for_line(*server_, "ready to accept connections"));
  }

  [[nodiscard]] virtual Environment environment() const { return {}; }

  TempDir directory_;
  string socket_ = (directory_.path() / "redis").string();
  std::optional<TargetProcess> server_;
};

/// Redis installs handlers of its own for the signals of crashes.
class RedisCrashTest : public RedisTest {
 protected:
  [[nodiscard]] Environment environment() const override {
    return {{"XGOPS_CRASH_DUMP", dump().string()}};
  }
  [[nodiscard]] fs::path dump() const { return directory_.path() / "crash"; }
};

TEST_F(RedisCrashTest, LeavesADumpAndItsOwnReport) {
  ASSERT_EQ(::kill(server_->pid(), SIGSEGV), 0);

  EXPECT_TRUE(wait_for_line(*server_, "REDIS BUG REPORT END"));
  EXPECT_EQ(server_->wait(), 128 + SIGSEGV);
  const auto result = run_xgops(directory_.path(), {"symbolize", "--json", dump().string()});
  const Json document = parse_json(result.out);
  ASSERT_TRUE(document.is_object()) << describe(result);
  EXPECT_TRUE(document["dump"]["complete"]) << document["dump"];
  EXPECT_EQ(string_at(document["dump"]["signal"], "name"), "SIGSEGV");
  const Json crashed = find_thread(document, server_->pid());
  ASSERT_TRUE(crashed.is_object()) << document["threads"];
  EXPECT_GE(position_of(crashed, "main"), 0) << crashed;
}

TEST_F(RedisTest, ShowsEveryThreadUnderLoadAndServesOn) {
  ChildOptions load;
  load.arguments = {"redis-benchmark", "-s",   socket_, "-n", "150000", "-c", "20", "-t",
                    "get,set",         "--csv"};
  load.error_file = directory_.path() / "errors";
  ChildProcess benchmark(load);

  int dumps = 0;
  std::optional<int> status;
  while (!(status = benchmark.wait_until(ChildProcess::Clock::now()))) {
    const auto before = thread_ids(server_->pid());
    const auto answer = ask_for_stacks(*server_);
    const auto after = thread_ids(server_->pid());
    ASSERT_TRUE(answer.command.status == 0 || answer.command.status == 4)
        << describe(answer.command);
    EXPECT_TRUE(has_every_thread(answer.document, before, after));
    EXPECT_FALSE(find_thread(answer.document, server_->pid())["frames"].empty())
        << describe(answer.command);
    ++dumps;
  }

  EXPECT_EQ(status, 0);
  EXPECT_GE(dumps, 5);
  std::ifstream errors(directory_.path() / "errors");
  EXPECT_EQ(errors.peek(), std::ifstream::traits_type::eof()) << errors.rdbuf();
  EXPECT_TRUE(server_->running());
}

TEST_F(RedisTest, HasTheFramesThatGdbSeesUnderLoad) {
  XGOPS_REQUIRE_PROGRAM("gdb");
  ChildOptions load;
  load.arguments = {"redis-benchmark", "-s", socket_, "-l", "-c", "20", "-t", "get,set", "-q"};
  load.error_file = directory_.path() / "errors";
  const ChildProcess benchmark(load);  // Until it is killed.

  expect_gdbs_frames(*server_, server_->pid());
}

TEST_F(RedisTest, GivesNoReasonForAFinding) {
  expect_no_findings(*server_, server_->pid());
  ChildOptions load;
  load.arguments = {"redis-benchmark", "-s", socket_, "-l", "-c", "20", "-t", "get,set", "-q"};
  load.error_file = directory_.path() / "errors";
  const ChildProcess benchmark(load);  // Until it is killed.
  expect_no_findings(*server_, server_->pid());
}

/// Asks the demo server for echoes on some connections until destroyed.
class EchoLoad {
 public:
  EchoLoad(std::uint16_t port, int connections) {
    for (int i = 0; i < connections; ++i) {
      clients_.emplace_back([this, port] { ask_and_ask(port); });
    }
  }
  ~EchoLoad() {
    stopping_ = true;
    for (std::thread& client : clients_) {
      client.join();
    }
  }
  EchoLoad(const EchoLoad&) = delete;
  EchoLoad& operator=(const EchoLoad&) = delete;

  [[nodiscard]] std::uint64_t answers() const { return answers_; }

 private:
  void ask_and_ask(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string question = "echo hello\n";
    std::array<char, 64> answer{};
    bool alive = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    while (alive && !stopping_) {
      alive = ::send(fd, question.data(), question.size(), MSG_NOSIGNAL) > 0 &&
              ::recv(fd, answer.data(), answer.size(), 0) > 0;
      ++answers_;
    }
    ::close(fd);
  }

  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> answers_{0};
  std::vector<std::thread> clients_;
};

TEST(DemoServerTest, GivesNoReasonForAFinding) {
  TargetOptions options;
  options.launch = Launch::kPlain;
  auto server = TargetProcess::spawn_program(xgops_path().parent_path() / "demo_server", options);
  const auto ready = server.read_line(kServerDeadline);
  ASSERT_TRUE(ready && ready->starts_with("ready ")) << server.log();
  const auto port = static_cast<std::uint16_t>(std::stoi(ready->substr(6)));

  expect_no_findings(server, server.pid());
  const EchoLoad load(port, 8);
  expect_no_findings(server, server.pid());

  EXPECT_GT(load.answers(), 0U);
  server.kill();  // Before the load ends: it would wait for an answer.
}

class Icinga2Test : public testing::Test {
 protected:
  void SetUp() override {
    XGOPS_REQUIRE_PROGRAM("icinga2");
    const fs::path root = directory_.path();
    std::ofstream(root / "icinga2.conf") << R"(
      include <itl>
      object Endpoint NodeName { host = NodeName }
      object Zone ZoneName { endpoints = [ NodeName ] }
      object CheckerComponent "checker" { }
      object CheckCommand "true" { command = [ "/bin/true" ] }
      object Host NodeName { check_command = "true", check_interval = 1s }
    )";
    const passwd* const user = ::getpwuid(::geteuid());  // NOLINT(concurrency-mt-unsafe)
    ASSERT_NE(user, nullptr);
    const group* const group = ::getgrgid(user->pw_gid);  // NOLINT(concurrency-mt-unsafe)
    ASSERT_NE(group, nullptr);
    TargetOptions options;
    options.launch = Launch::kRun;
    options.arguments = {"daemon", "-c", (root / "icinga2.conf").string()};
    for (const auto& [name, value] :
         std::vector<std::pair<string, string>>{{"NodeName", "node"},
                                                {"ZoneName", "node"},
                                                {"ConfigDir", root.string()},
                                                {"DataDir", (root / "lib").string()},
                                                {"LogDir", (root / "log").string()},
                                                {"CacheDir", (root / "cache").string()},
                                                {"SpoolDir", (root / "spool").string()},
                                                {"InitRunDir", (root / "run").string()},
                                                {"RunAsUser", user->pw_name},
                                                {"RunAsGroup", group->gr_name},
                                                {"Concurrency", "2"}}) {
      options.arguments.insert(options.arguments.end(), {"-D", name + "=" + value});
    }
    for (const char* name : {"lib", "log", "cache", "spool", "run"}) {
      fs::create_directory(root / name);
    }
    server_.emplace(TargetProcess::spawn_program(*find_program("icinga2"), options));
    ASSERT_TRUE(wait_for_line(*server_, "Activated all objects"));
  }

  /// The supervisor, the worker and the helper that starts checks, once all have an agent: a forked
  /// process gets its own a little later.
  [[nodiscard]] std::vector<pid_t> processes() const {
    const auto deadline = std::chrono::steady_clock::now() + kReadyDeadline;
    std::vector<pid_t> found;
    while (found.size() < 3 && std::chrono::steady_clock::now() < deadline) {
      const Json list = parse_json(server_->xgops({"list", "--json"}).out);
      found.clear();
      for (const Json& process : list["processes"]) {
        if (string_at(process, "name") == "icinga2") {
          found.push_back(process["pid"].get<pid_t>());
        }
      }
    }
    return found;
  }

  TempDir directory_;
  std::optional<TargetProcess> server_;
};

TEST_F(Icinga2Test, ShowsEveryThreadOfEveryProcess) {
  const auto found = processes();

  ASSERT_EQ(found.size(), 3U) << server_->log();
  for (const pid_t pid : found) {
    const auto before = thread_ids(pid);
    const auto result = server_->xgops({"stack", "--json", "-p", std::to_string(pid)});
    const auto after = thread_ids(pid);
    const Json document = parse_json(result.out);
    ASSERT_TRUE(document.is_object()) << describe(result);
    EXPECT_TRUE(has_every_thread(document, before, after)) << describe(result);
    for (const Json& thread : document["threads"]) {
      EXPECT_NE(string_at(thread, "status"), "unavailable") << thread;
    }
  }
}

TEST_F(Icinga2Test, HasTheFramesThatGdbSees) {
  XGOPS_REQUIRE_PROGRAM("gdb");

  for (const pid_t pid : processes()) {
    SCOPED_TRACE(pid);
    expect_gdbs_frames(*server_, pid);
  }
}

TEST_F(Icinga2Test, GivesNoReasonForAFinding) {
  for (const pid_t pid : processes()) {
    SCOPED_TRACE(pid);
    expect_no_findings(*server_, pid);
  }
}

}  // namespace
}  // namespace xgops::test
