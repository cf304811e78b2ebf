// SPDX-License-Identifier: MIT
// Targets whose root directory or mounts are not ours. Needs root.
#include "build_id.hpp"
#include "fixture.hpp"
#include "support/command.hpp"
#include "support/temp_dir.hpp"
#include "target_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

namespace xgops::symbolize::test {

namespace {

namespace fs = std::filesystem;
using xgops::test::Command;
using xgops::test::TempDir;

bool succeeds(std::vector<std::string> arguments) {
  Command command;
  command.arguments = std::move(arguments);
  return xgops::test::run_command(command).status == 0;
}

std::string plain_function_of(const RunningFixture& fixture) {
  return "plain_function at calls.cpp:" + std::to_string(fixture.call("plain").lines[0]);
}

fs::path file_of_build_id(const fs::path& directory, const std::vector<std::uint8_t>& id) {
  const std::string digits = to_hex(id);
  return directory / ".build-id" / digits.substr(0, 2) / (digits.substr(2) + ".debug");
}

/// A root directory with a stripped static program, its debug file and links to the program.
class ChangedRoot {
 public:
  ChangedRoot() {
    const fs::path root = directory_.path();
    fs::create_directories(root / "bin");
    fs::copy_file(fixture_path("gcc_static"), root / "bin/program");
    id_ = build_id_of(root / "bin/program");
    const auto debug = file_of_build_id(root / "debug", id_);
    fs::create_directories(debug.parent_path());
    stripped_ = succeeds({"objcopy", "--only-keep-debug", (root / "bin/program").string(),
                          debug.string()}) &&
                succeeds({"objcopy", "--strip-all", (root / "bin/program").string()});
    fs::create_symlink("/bin/program", root / "absolute_link");
    fs::create_symlink("../../../../../../bin/program", root / "climbing_link");
  }

  [[nodiscard]] std::vector<std::string> command() const {
    return {"chroot", directory_.path().string(), "/bin/program"};
  }
  [[nodiscard]] bool ready() const { return stripped_ && ::geteuid() == 0; }
  [[nodiscard]] fs::path path() const { return directory_.path(); }

 private:
  TempDir directory_;
  std::vector<std::uint8_t> id_;
  bool stripped_ = false;
};

}  // namespace

TEST(NamespacesTest, OpensFilesInTheRootDirectoryOfTheTarget) {
  const ChangedRoot root;
  if (!root.ready()) {
    GTEST_SKIP() << "needs root for chroot";
  }
  const RunningFixture fixture(root.command());
  TargetFiles files(fixture.pid());

  EXPECT_TRUE(files.has_other_root());
  EXPECT_TRUE(files.open_there("/bin/program"));
  EXPECT_TRUE(files.open_there("/absolute_link")) << "absolute links stay inside";
  EXPECT_TRUE(files.open_there("/climbing_link")) << "nothing climbs out";
  EXPECT_FALSE(files.open_there("/usr/bin/env")) << "a file of ours only";
}

TEST(NamespacesTest, ReadsTheDebugFilesOfATargetInAnotherRootDirectory) {
  const ChangedRoot root;
  if (!root.ready()) {
    GTEST_SKIP() << "needs root for chroot";
  }
  const RunningFixture fixture(root.command());
  auto options = with_process(fixture);
  options.debug_directories = {"/debug"};
  Symbolizer symbolizer = fixture.symbolizer(options);

  EXPECT_EQ(described(symbolizer.symbolize(fixture.call("plain").address, false)),
            std::vector<std::string>{plain_function_of(fixture)});
  EXPECT_TRUE(symbolizer.notes().empty());
}

TEST(NamespacesTest, FindsAModuleByItsPathInTheTargetsRootDirectory) {
  const ChangedRoot root;
  if (!root.ready()) {
    GTEST_SKIP() << "needs root for chroot";
  }
  const RunningFixture fixture(root.command());
  fs::copy_file(fixture_path("gcc_dwarf5"), root.path() / "bin/library");
  Module library;
  library.begin = 0x1000;
  library.end = 0x100000;
  library.bias = 0;
  library.path = "/bin/library";
  library.build_id = build_id_of(fixture_path("gcc_dwarf5"));
  Symbolizer symbolizer(with_process(fixture));
  symbolizer.add_module(library);
  const RunningFixture same(fixture_path("gcc_dwarf5"));
  const auto address = same.call("plain").address - same.facts().main_module().bias;

  EXPECT_EQ(described(symbolizer.symbolize(address, false)),
            std::vector<std::string>{plain_function_of(same)});
}

TEST(NamespacesTest, FindsAModuleInAMountThatOnlyTheTargetHas) {
  if (::geteuid() != 0 || !succeeds({"unshare", "--mount", "true"})) {
    GTEST_SKIP() << "needs root and the right to make mount namespaces";
  }
  const TempDir directory;
  const std::string inside = (directory.path() / "program").string();
  const RunningFixture fixture({"unshare", "--mount", "sh", "-c",
                                "mount -t tmpfs none \"$1\" && cp \"$2\" \"$3\" && exec \"$3\"",
                                "sh", directory.path().string(),
                                fixture_path("gcc_dwarf5").string(), inside});
  ASSERT_FALSE(fs::exists(inside));
  TargetFiles files(fixture.pid());
  Symbolizer symbolizer = fixture.symbolizer(with_process(fixture));

  EXPECT_TRUE(files.has_other_root());
  EXPECT_TRUE(files.open_there(inside));
  EXPECT_FALSE(files.open_here(inside));
  EXPECT_EQ(described(symbolizer.symbolize(fixture.call("plain").address, false)),
            std::vector<std::string>{plain_function_of(fixture)});
}

}  // namespace xgops::symbolize::test
