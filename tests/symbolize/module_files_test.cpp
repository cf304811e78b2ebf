// SPDX-License-Identifier: MIT
// Finding the files of a module: deleted, replaced, stripped, and what is not a file at all.
#include "module_files.hpp"

#include "fixture.hpp"
#include "support/command.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <lzma.h>
#include <sys/stat.h>

namespace xgops::symbolize::test {

namespace {

namespace fs = std::filesystem;
using xgops::test::Command;
using xgops::test::TempDir;

std::string first_line(const std::string& name, const ProbedCall& call) {
  return name + " at calls.cpp:" + std::to_string(call.lines[0]);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) {
    text += line + "\n";
  }
  return text;
}

void run_tool(std::vector<std::string> arguments) {
  Command command;
  command.arguments = std::move(arguments);
  const auto result = xgops::test::run_command(command);
  ASSERT_EQ(result.status, 0) << xgops::test::describe(result);
}

fs::path build_id_file(const fs::path& directory, const std::vector<std::uint8_t>& id) {
  const std::string digits = to_hex(id);
  return directory / ".build-id" / digits.substr(0, 2) / (digits.substr(2) + ".debug");
}

/// Copies a fixture; unlike a link it is another file.
fs::path copy_of(const std::string& fixture, const fs::path& target) {
  fs::create_directories(target.parent_path());
  fs::copy_file(fixture_path(fixture), target, fs::copy_options::overwrite_existing);
  return target;
}

/// Only the mapping with the code: no mapping begins in what is left of the module, so that it can
/// not be found by its mapping.
Module without_mapping(Module module, std::uint64_t address) {
  module.begin = address - 1;
  module.end = address + 1;
  return module;
}

}  // namespace

TEST(ModuleFilesTest, ReadsADeletedExecutable) {
  const TempDir directory;
  const auto path = copy_of("gcc_dwarf5", directory.path() / "program");
  const RunningFixture fixture(path);
  fs::remove(path);
  Symbolizer symbolizer = fixture.symbolizer(with_process(fixture));

  const auto& call = fixture.call("plain");

  EXPECT_EQ(described(symbolizer.symbolize(call.address, false)),
            std::vector<std::string>{first_line("plain_function", call)});
  EXPECT_EQ(joined(symbolizer.notes()), "");
}

TEST(ModuleFilesTest, ReadsADeletedExecutableWithoutTheRightToOpenItsMappings) {
  const TempDir directory;
  const auto path = copy_of("gcc_dwarf5", directory.path() / "program");
  const RunningFixture fixture(path);
  fs::remove(path);
  const auto& call = fixture.call("plain");
  Symbolizer symbolizer(with_process(fixture));
  symbolizer.add_module(without_mapping(fixture.facts().main_module(), call.address));

  EXPECT_EQ(described(symbolizer.symbolize(call.address, false)),
            std::vector<std::string>{first_line("plain_function", call)});
  EXPECT_EQ(joined(symbolizer.notes()), "");
}

TEST(ModuleFilesTest, UsesNoNameOfAFileThatReplacedTheOneInMemory) {
  const TempDir directory;
  const auto path = copy_of("gcc_dwarf5", directory.path() / "program");
  const RunningFixture fixture(path);
  fs::rename(copy_of("gcc_other_build", directory.path() / "new"), path);
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  const auto& call = fixture.call("plain");
  const auto& symbols = symbolizer.symbolize(call.address, false);

  ASSERT_EQ(symbols.size(), 1U);
  EXPECT_EQ(symbols[0].function, "");
  EXPECT_EQ(symbols[0].file, "");
  EXPECT_EQ(symbols[0].module, "program");
  EXPECT_EQ(symbols[0].offset, call.address - fixture.facts().main_module().bias);
  const auto note = joined(symbolizer.notes());
  EXPECT_NE(note.find("program: the file was replaced"), std::string::npos) << note;
  EXPECT_NE(note.find(to_hex(build_id_of(path))), std::string::npos) << note;
  EXPECT_NE(note.find(to_hex(fixture.facts().main_module().build_id)), std::string::npos) << note;
}

TEST(ModuleFilesTest, ReadsTheOldFileOfAProgramWhoseFileWasReplaced) {
  const TempDir directory;
  const auto path = copy_of("gcc_dwarf5", directory.path() / "program");
  const RunningFixture fixture(path);
  fs::rename(copy_of("gcc_other_build", directory.path() / "new"), path);
  Symbolizer symbolizer = fixture.symbolizer(with_process(fixture));

  const auto& call = fixture.call("plain");

  EXPECT_EQ(described(symbolizer.symbolize(call.address, false)),
            std::vector<std::string>{first_line("plain_function", call)});
}

TEST(ModuleFilesTest, DoesNotGuessThatANewFileIsTheDeletedOne) {
  const RunningFixture fixture(fixture_path("gcc_no_build_id"));
  Module module = fixture.facts().main_module();
  ASSERT_TRUE(module.build_id.empty());
  module.deleted = true;
  Symbolizer symbolizer(paths_only());
  symbolizer.add_module(module);

  const auto& symbols = symbolizer.symbolize(fixture.call("plain").address, false);

  ASSERT_EQ(symbols.size(), 1U);
  EXPECT_EQ(symbols[0].function, "");
  EXPECT_NE(joined(symbolizer.notes()).find("it was deleted"), std::string::npos)
      << joined(symbolizer.notes());
}

TEST(ModuleFilesTest, FindsADebugFileByItsBuildId) {
  const TempDir directory;
  const RunningFixture fixture(fixture_path("stripped"));
  const auto id = build_id_of(fixture_path("stripped"));
  copy_of("only_debug", build_id_file(directory.path(), id));
  auto options = paths_only();
  options.debug_directories = {directory.path()};
  Symbolizer symbolizer = fixture.symbolizer(options);

  const auto& call = fixture.call("inlined");
  const auto lines = described(symbolizer.symbolize(call.address, false));

  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], first_line("fixture::Meter::read(int) const", call));
  EXPECT_EQ(joined(symbolizer.notes()), "");
}

TEST(ModuleFilesTest, UsesTheDebugFileOfAModuleWhoseOwnFileIsGone) {
  const TempDir directory;
  const RunningFixture fixture(fixture_path("stripped"));
  Module module = fixture.facts().main_module();
  copy_of("only_debug", build_id_file(directory.path(), module.build_id));
  module.path = directory.path() / "gone";
  auto options = paths_only();
  options.debug_directories = {directory.path()};
  Symbolizer symbolizer(options);
  symbolizer.add_module(module);

  const auto& call = fixture.call("plain");

  EXPECT_EQ(described(symbolizer.symbolize(call.address, false)),
            std::vector<std::string>{first_line("plain_function", call)});
  EXPECT_EQ(joined(symbolizer.notes()), "");
}

TEST(ModuleFilesTest, RefusesAnotherBuildInTheDirectoryOfBuildIds) {
  const TempDir directory;
  const RunningFixture fixture(fixture_path("stripped"));
  const auto id = build_id_of(fixture_path("stripped"));
  copy_of("gcc_other_build", build_id_file(directory.path(), id));
  auto options = paths_only();
  options.debug_directories = {directory.path()};
  Symbolizer symbolizer = fixture.symbolizer(options);

  EXPECT_EQ(symbolizer.symbolize(fixture.call("plain").address, false).front().function, "");
  EXPECT_NE(joined(symbolizer.notes()).find("stripped: its file has no symbols"), std::string::npos)
      << joined(symbolizer.notes());
}

class DebugLinkTest : public testing::TestWithParam<std::string> {};

TEST_P(DebugLinkTest, FindsTheFileWithTheRightChecksum) {
  const TempDir directory;
  const auto program = copy_of("stripped_no_build_id", directory.path() / "bin" / "program");
  const auto debug = copy_of("only_debug_no_build_id", directory.path() / "program.debug");
  run_tool({"objcopy", "--add-gnu-debuglink=" + debug.string(), program.string()});
  const fs::path bin = directory.path() / "bin";
  const fs::path place =
      GetParam() == "/root" ? directory.path() / "root" / bin.relative_path() : bin / GetParam();
  fs::create_directories(place);
  fs::rename(debug, place / "program.debug");
  auto options = paths_only();
  options.debug_directories = {directory.path() / "root"};
  const RunningFixture fixture(program);
  Symbolizer symbolizer = fixture.symbolizer(options);

  const auto& call = fixture.call("plain");

  EXPECT_EQ(described(symbolizer.symbolize(call.address, false)),
            std::vector<std::string>{first_line("plain_function", call)});
  EXPECT_EQ(joined(symbolizer.notes()), "");
}

std::string place_name(const testing::TestParamInfo<std::string>& place) {
  return place.param == "." ? "SameDirectory"
                            : (place.param == ".debug" ? "DotDebug" : "DebugDirectory");
}

INSTANTIATE_TEST_SUITE_P(Places, DebugLinkTest, testing::Values(".", ".debug", "/root"),
                         place_name);

TEST(ModuleFilesTest, RefusesADebugFileWithAnotherChecksum) {
  const TempDir directory;
  const auto program = copy_of("stripped_no_build_id", directory.path() / "program");
  const auto debug = copy_of("only_debug_no_build_id", directory.path() / "program.debug");
  run_tool({"objcopy", "--add-gnu-debuglink=" + debug.string(), program.string()});
  auto bytes = read_bytes(debug);
  bytes.push_back(0);
  write_bytes(debug, bytes);
  const RunningFixture fixture(program);
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  EXPECT_EQ(symbolizer.symbolize(fixture.call("plain").address, false).front().function, "");
  EXPECT_NE(joined(symbolizer.notes()).find("program.debug belongs to another build"),
            std::string::npos)
      << joined(symbolizer.notes());
}

TEST(ModuleFilesTest, ReadsTheSmallSymbolTableInsideAStrippedFile) {
  const TempDir directory;
  const auto program = copy_of("stripped", directory.path() / "program");
  const auto symbols = copy_of("only_debug", directory.path() / "symbols");
  run_tool({"objcopy", "--strip-debug", symbols.string()});
  const auto plain = read_bytes(symbols);
  std::vector<std::uint8_t> packed(lzma_stream_buffer_bound(plain.size()));
  std::size_t size = 0;
  ASSERT_EQ(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, nullptr, plain.data(), plain.size(),
                                    packed.data(), &size, packed.size()),
            LZMA_OK);
  packed.resize(size);
  write_bytes(directory.path() / "packed", packed);
  run_tool({"objcopy", "--add-section=.gnu_debugdata=" + (directory.path() / "packed").string(),
            program.string()});
  const RunningFixture fixture(program);
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  const auto& found = symbolizer.symbolize(fixture.call("plain").address, false);

  EXPECT_EQ(described(found), std::vector<std::string>{"plain_function at :0"});
}

TEST(ModuleFilesTest, FindsASharedDebugFileByItsBuildIdOrSaysThatItIsMissing) {
  if (!has_fixture("dwz_first")) {
    GTEST_SKIP() << "not built: dwz is not installed";
  }
  const TempDir directory;
  const auto program = copy_of("dwz_first", directory.path() / "bin" / "program");
  const RunningFixture fixture(program);
  const auto& call = fixture.call("inlined");
  Symbolizer without = fixture.symbolizer(paths_only());
  const auto shared = fixture_path("dwz_shared");
  copy_of("dwz_shared", build_id_file(directory.path(), build_id_of(shared)));
  auto options = paths_only();
  options.debug_directories = {directory.path()};
  Symbolizer with = fixture.symbolizer(options);

  const auto& poor = without.symbolize(call.address, false);
  const auto& rich = with.symbolize(call.address, false);

  EXPECT_EQ(poor.back().function, "fixture::outer(long)");
  EXPECT_NE(joined(without.notes()).find("the shared debug file dwz_shared is missing"),
            std::string::npos)
      << joined(without.notes());
  ASSERT_EQ(rich.size(), 3U);
  EXPECT_EQ(described(rich).front(), first_line("fixture::Meter::read(int) const", call));
  EXPECT_EQ(joined(with.notes()), "");
}

TEST(ModuleFilesTest, SaysThatSplitDebugInformationIsNotRead) {
  const RunningFixture fixture(fixture_path("gcc_split"));
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  const auto& call = fixture.call("plain");

  EXPECT_EQ(described(symbolizer.symbolize(call.address, false)),
            std::vector<std::string>{first_line("plain_function", call)});
  EXPECT_NE(joined(symbolizer.notes()).find(".dwo"), std::string::npos)
      << joined(symbolizer.notes());
}

TEST(ModuleFilesTest, SaysWhyAFileIsOfNoUse) {
  const TempDir directory;
  const auto note_about = [&](const fs::path& path) {
    Symbolizer symbolizer(paths_only());
    Module module;
    module.begin = 0x1000;
    module.end = 0x2000;
    module.path = path;
    symbolizer.add_module(module);
    const auto& symbols = symbolizer.symbolize(0x1800, true);
    EXPECT_EQ(symbols.size(), 1U);
    EXPECT_EQ(symbols.front().module, path.filename());
    return joined(symbolizer.notes());
  };
  write_bytes(directory.path() / "text", {'h', 'e', 'l', 'l', 'o'});
  write_bytes(directory.path() / "empty", {});
  auto cut = read_bytes(fixture_path("gcc_dwarf5"));
  cut.resize(100);
  write_bytes(directory.path() / "cut", cut);
  ASSERT_EQ(::mkfifo((directory.path() / "pipe").c_str(), 0600), 0);

  EXPECT_NE(note_about(directory.path() / "text").find("text: "), std::string::npos);
  EXPECT_NE(note_about(directory.path() / "empty").find("empty: "), std::string::npos);
  EXPECT_NE(note_about(directory.path() / "cut").find("cut: "), std::string::npos);
  // Opening a pipe without a writer would wait for one.
  EXPECT_NE(note_about(directory.path() / "pipe").find("pipe: "), std::string::npos);
  EXPECT_NE(note_about(directory.path() / "none").find("none: its file cannot be used: No such"),
            std::string::npos);
  EXPECT_NE(note_about("relative").find("relative: "), std::string::npos);
}

}  // namespace xgops::symbolize::test
