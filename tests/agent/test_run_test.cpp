// SPDX-License-Identifier: MIT
#include "test_run.hpp"

#include "leaks/scoped_threads.hpp"
#include "support/temp_dir.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/test_report.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xgops::agent {
namespace {

class TestRunTest : public testing::Test {
 protected:
  TestRunTest() : file_(directory_.path() / "report") { std::ofstream{file_}; }

  [[nodiscard]] std::string setting_for(pid_t pid) const {
    return std::to_string(pid) + ":" + file_.string();
  }

  [[nodiscard]] std::string content() const {
    std::ifstream file(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  [[nodiscard]] std::optional<protocol::TestReport> report() const {
    const std::string text = content();
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    if (bytes.size() < protocol::kHeaderBytes) {
      return std::nullopt;
    }
    auto decoded = protocol::decode<protocol::TestReport>(bytes.subspan(protocol::kHeaderBytes));
    return decoded ? std::optional(*std::move(decoded)) : std::nullopt;
  }

  const test::TempDir directory_;
  const std::filesystem::path file_;
};

TEST_F(TestRunTest, ReportsThreadsThatAreLeft) {
  begin_test_run(setting_for(::getpid()));
  ASSERT_TRUE(is_test_run());
  std::promise<void> go;
  std::thread left([&] { go.get_future().wait(); });
  std::thread([] {}).join();

  end_test_run();
  go.set_value();
  left.join();

  EXPECT_FALSE(is_test_run());
  const auto found = report();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid, ::getpid());
  EXPECT_EQ(found->threads, 1U);
  ASSERT_EQ(found->groups.size(), 1U);
  const protocol::LeakGroup& group = found->groups[0];
  EXPECT_TRUE(group.is_thread);
  ASSERT_FALSE(group.frames.empty());
  ASSERT_FALSE(group.created.empty());
  // Whoever reads it finds the names: each address lies in a module that is listed.
  for (const auto* const stack : {&group.frames, &group.created}) {
    for (const protocol::LeakFrame& frame : *stack) {
      EXPECT_TRUE(std::any_of(found->modules.begin(), found->modules.end(),
                              [&](const protocol::Module& module) {
                                return frame.instruction_pointer >= module.begin &&
                                       frame.instruction_pointer <= module.end;
                              }));
    }
  }
}

TEST_F(TestRunTest, LeavesOutThreadsThatWereThereBefore) {
  std::promise<void> go;
  std::thread older([&] { go.get_future().wait(); });
  begin_test_run(setting_for(::getpid()));

  end_test_run();
  go.set_value();
  older.join();

  const auto found = report();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->threads, 0U);
  EXPECT_TRUE(found->groups.empty());
  EXPECT_FALSE(found->library.empty());
}

TEST_F(TestRunTest, DoesNotCountTheThreadThatEnds) {
  begin_test_run(setting_for(::getpid()));

  std::thread([] { end_test_run(); }).join();

  const auto found = report();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->threads, 0U);
  EXPECT_FALSE(found->unseen);
  leaks::set_in_run(false);
}

TEST_F(TestRunTest, CountsNoTasks) {
  begin_test_run(setting_for(::getpid()));
  // Those are the program's, wherever its registry is.
  EXPECT_EQ(xgops_leak_scope_current(), 0U);

  end_test_run();
}

TEST_F(TestRunTest, IsReportedBeforeAnotherThreadMayEndTheProcess) {
  begin_test_run(setting_for(::getpid()));
  std::thread other([] { end_test_run(); });

  end_test_run();

  EXPECT_TRUE(report());
  other.join();
  leaks::set_in_run(false);
}

TEST_F(TestRunTest, DoesNotWaitForWhoReadsAPipe) {
  std::filesystem::remove(file_);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  begin_test_run(setting_for(::getpid()));

  end_test_run();

  EXPECT_FALSE(is_test_run());
}

TEST_F(TestRunTest, IsOfOneProcessOnly) {
  begin_test_run(setting_for(::getppid()));
  EXPECT_FALSE(is_test_run());
  for (const char* const nonsense : {"", ":", "x:/tmp/report", "1", "-1:"}) {
    begin_test_run(nonsense);
    EXPECT_FALSE(is_test_run()) << nonsense;
  }
  end_test_run();
  EXPECT_EQ(content(), "");
}

TEST_F(TestRunTest, IsNotReportedByAForkedChild) {
  begin_test_run(setting_for(::getpid()));
  const pid_t child = ::fork();
  if (child == 0) {
    end_test_run();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(content(), "");

  end_test_run();
  EXPECT_TRUE(report());
}

TEST_F(TestRunTest, DoesNotFollowALink) {
  const auto other = directory_.path() / "other";
  std::ofstream{other};
  std::filesystem::remove(file_);
  std::filesystem::create_symlink(other, file_);
  begin_test_run(setting_for(::getpid()));

  end_test_run();

  EXPECT_EQ(std::filesystem::file_size(other), 0U);
}

}  // namespace
}  // namespace xgops::agent
