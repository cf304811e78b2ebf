// SPDX-License-Identifier: MIT
// What goes wrong: one line on stderr that says what, which, and what to do next; the exit status.
#include "e2e.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace xgops::test {
namespace {

using std::string;
namespace fs = std::filesystem;

/// One line that begins with the tool's name and contains `part`; nothing on stdout.
testing::AssertionResult complains(const CommandResult& result, int status, const string& part) {
  const bool named = result.err.starts_with("xgops: ");
  const bool said = result.err.find(part) != string::npos;
  if (result.status == status && named && said && result.out.empty()) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "expected status " << status << " and \"xgops: ..." << part
                                     << "...\", got " << describe(result);
}

class ErrorsTest : public testing::Test {
 protected:
  [[nodiscard]] CommandResult xgops(std::vector<string> arguments) const {
    return run_xgops(sockets_.path(), std::move(arguments));
  }

  TempDir sockets_;
};

TEST_F(ErrorsTest, NamesAPidThatDoesNotExist) {
  for (const char* command : {"vitals", "stack", "threads"}) {
    EXPECT_TRUE(complains(xgops({command, "-p", "4194305"}), 2, "4194305")) << command;
  }
}

TEST_F(ErrorsTest, NamesAProcessWithoutAgent) {
  TargetOptions options;
  options.launch = Launch::kPlain;
  auto target = TargetProcess::spawn("simple", options);
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto result = xgops({"stack", "-p", target.pid_text()});

  EXPECT_TRUE(complains(result, 2, "no xgops agent in process " + target.pid_text()));
  EXPECT_NE(result.err.find("xgops run"), string::npos) << result.err;
}

TEST_F(ErrorsTest, NamesAStaticProgramThatCannotBePreloaded) {
  auto target = TargetProcess::spawn("simple_static");  // LD_PRELOAD has no effect.
  ASSERT_TRUE(target.wait_ready()) << target.log();

  EXPECT_TRUE(complains(target.xgops({"stack", "-p", target.pid_text()}), 2, "no xgops agent"));
}

TEST_F(ErrorsTest, TellsAThreadFromAProcess) {
  auto target = TargetProcess::spawn("simple");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  const string worker = target.fact("worker")["tid"].dump();

  const auto result = target.xgops({"stack", "-p", worker});

  EXPECT_TRUE(complains(result, 2, worker + " is a thread of process " + target.pid_text()));
}

TEST_F(ErrorsTest, NamesAThreadThatDoesNotExist) {
  auto target = TargetProcess::spawn("simple");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  EXPECT_TRUE(complains(target.xgops({"stack", "-p", target.pid_text(), "--thread", "4194305"}), 2,
                        "4194305"));
}

TEST_F(ErrorsTest, NamesANameThatFitsNobody) {
  EXPECT_TRUE(complains(xgops({"stack", "-n", "no-such-name"}), 2, "no-such-name"));
}

TEST_F(ErrorsTest, DoesNotTrustASocketOfADeadProcess) {
  auto target = TargetProcess::spawn("simple");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  target.kill();
  ASSERT_TRUE(target.wait());

  EXPECT_TRUE(complains(target.xgops({"stack", "-p", target.pid_text()}), 2, target.pid_text()));
}

/// A process that listens where an agent would, but never says a word.
TEST_F(ErrorsTest, GivesUpOnAnAgentThatSaysNothing) {
  std::ifstream stat("/proc/self/stat");
  const string text{std::istreambuf_iterator<char>(stat), {}};
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::vector<string> words{std::istream_iterator<string>(fields), {}};
  const string path =
      (sockets_.path() / (std::to_string(::getpid()) + "-" + words[19] + ".sock")).string();
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 4), 0);

  const auto result = xgops({"vitals", "--timeout", "200ms", "-p", std::to_string(::getpid())});

  ::close(listener);
  EXPECT_TRUE(complains(result, 2, std::to_string(::getpid())));
}

TEST_F(ErrorsTest, ExplainsWrongUsage) {
  EXPECT_TRUE(complains(xgops({"stack"}), 64, "which process"));
  EXPECT_TRUE(complains(xgops({"stack", "-p", "twelve"}), 64, "twelve"));
  EXPECT_TRUE(complains(xgops({"stack", "--no-such-option", "1"}), 64, "--no-such-option"));
  EXPECT_TRUE(complains(xgops({"no-such-command"}), 64, "no-such-command"));
  EXPECT_TRUE(complains(xgops({"stack", "1", "--format", "yaml"}), 64, "yaml"));
}

TEST_F(ErrorsTest, ReportsAnOutputFileThatCannotBeWritten) {
  auto target = TargetProcess::spawn("simple");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  EXPECT_TRUE(
      complains(target.xgops({"stack", "-p", target.pid_text(), "-o", "/no/such/directory/file"}),
                2, "/no/such/directory/file"));
  EXPECT_TRUE(complains(target.xgops({"stack", "-p", target.pid_text(), "-o", "/dev/full"}), 2,
                        "/dev/full"));
}

TEST_F(ErrorsTest, NamesAProgramThatCannotBeRun) {
  EXPECT_TRUE(complains(xgops({"run", "--", "/no/such/program"}), 2, "/no/such/program"));
}

/// Runs a target and the command as users who are not root.
class ForeignUserTest : public testing::Test {
 protected:
  static constexpr const char* kOwner = "65534";
  static constexpr const char* kStranger = "65533";

  void SetUp() override {
    XGOPS_REQUIRE_ROOT();
    XGOPS_REQUIRE_PROGRAM("setpriv");
    // The build tree may lie where only its owner may look: use copies.
    fs::permissions(open_.path(), fs::perms(0755));
    for (const fs::path& file : {xgops_path(), agent_path(), target_path("simple")}) {
      fs::copy_file(file, open_.path() / file.filename());
    }
    fs::create_directory(sockets_);
    ASSERT_EQ(::chown(sockets_.c_str(), 65534, 65534), 0);
    fs::permissions(sockets_, fs::perms::owner_all);
    TargetOptions options;
    options.launch = Launch::kPlain;
    options.socket_directory = sockets_;
    options.arguments = as(kOwner);
    options.arguments.erase(options.arguments.begin());
    options.arguments.insert(options.arguments.end(),
                             {"env", "LD_PRELOAD=" + (open_.path() / "libxgops-agent.so").string(),
                              (open_.path() / "simple").string()});
    options.working_directory = "/";
    target_.emplace(TargetProcess::spawn_program(*find_program("setpriv"), options));
    ASSERT_TRUE(target_->wait_ready()) << target_->log();
  }

  static std::vector<string> as(const string& user) {
    return {"setpriv", "--reuid", user, "--regid", user, "--clear-groups"};
  }

  [[nodiscard]] CommandResult xgops_as(const string& user, std::vector<string> arguments) const {
    Command command;
    command.arguments = as(user);
    command.arguments.push_back((open_.path() / "xgops").string());
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.environment = {{"XGOPS_DIR", sockets_.string()}};
    command.working_directory = "/";
    return run_command(command);
  }

  TempDir open_;
  fs::path sockets_ = open_.path() / "sockets";
  std::optional<TargetProcess> target_;
};

TEST_F(ForeignUserTest, IsServedWhenItIsTheOwner) {
  const auto result = xgops_as(kOwner, {"stack", "-p", target_->pid_text()});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_NE(result.out.find("innermost"), string::npos) << result.out;
}

TEST_F(ForeignUserTest, IsServedWhenItIsRoot) {
  const auto result = target_->xgops({"stack", "-p", target_->pid_text()});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_NE(result.out.find("innermost"), string::npos) << result.out;
}

TEST_F(ForeignUserTest, IsRefusedAndToldWhy) {
  for (const char* command : {"vitals", "stack", "threads"}) {
    EXPECT_TRUE(complains(xgops_as(kStranger, {command, "-p", target_->pid_text()}), 3,
                          target_->pid_text()))
        << command;
  }
}

TEST_F(ForeignUserTest, IsRefusedByTheAgentEvenWithAccessToTheSocket) {
  fs::permissions(sockets_, fs::perms(0777));
  for (const auto& entry : fs::directory_iterator(sockets_)) {
    fs::permissions(entry.path(), fs::perms(0777));
  }

  EXPECT_EQ(xgops_as(kStranger, {"vitals", "-p", target_->pid_text()}).status, 3);
}

}  // namespace
}  // namespace xgops::test
