// SPDX-License-Identifier: MIT
// Which programs an agent can be preloaded into.
#include "proc/program.hpp"

#include "support/failure.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xgops::cli::proc {
namespace {

namespace fs = std::filesystem;

/// An x86-64 ELF file with one program header; without `interpreter` it is static.
std::string elf_file(const std::string& interpreter) {
  Elf64_Ehdr header{};
  std::memcpy(static_cast<unsigned char*>(header.e_ident), ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof(header);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = interpreter.empty() ? PT_LOAD : PT_INTERP;
  segment.p_offset = sizeof(header) + sizeof(segment);
  segment.p_filesz = interpreter.size() + 1;
  std::string file(reinterpret_cast<const char*>(&header), sizeof(header));
  file.append(reinterpret_cast<const char*>(&segment), sizeof(segment));
  return file + interpreter + '\0';
}

class ProgramTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content, mode_t mode = 0755) {
    const std::string path = directory_.path() / name;
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  static std::string reason(const std::string& path, uid_t uid = 1000) {
    const auto checked = check_preloadable(path, uid);
    return checked ? "" : checked.error().context;
  }

  test::TempDir directory_;
};

constexpr const char* kGlibc = "/lib64/ld-linux-x86-64.so.2";

TEST_F(ProgramTest, AcceptsADynamicProgram) {
  EXPECT_EQ(reason("/proc/self/exe"), "");
  EXPECT_EQ(reason(write("dynamic", elf_file(kGlibc))), "");
}

TEST_F(ProgramTest, RefusesAStaticProgram) {
  EXPECT_NE(reason(write("static", elf_file(""))).find("statically linked"), std::string::npos);
}

TEST_F(ProgramTest, RefusesAnotherMachine) {
  std::string file = elf_file(kGlibc);
  const Elf64_Half machine = EM_AARCH64;
  std::memcpy(file.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof(machine));

  EXPECT_NE(reason(write("arm", file)).find("not an x86-64 program"), std::string::npos);
}

TEST_F(ProgramTest, RefusesAnotherCLibrary) {
  EXPECT_NE(reason(write("musl", elf_file("/lib/ld-musl-x86_64.so.1"))).find("not glibc"),
            std::string::npos);
}

TEST_F(ProgramTest, RefusesAProgramThatGainsRights) {
  const std::string path = write("setuid", elf_file(kGlibc), 04755);

  EXPECT_NE(reason(path, ::geteuid() + 1).find("gains rights"), std::string::npos);
  EXPECT_EQ(reason(path, ::geteuid()), "") << "its owner gains nothing";
}

TEST_F(ProgramTest, RefusesDamagedHeaders) {
  const std::string whole = elf_file(kGlibc);
  std::string many = whole;
  const Elf64_Half count = 0xffff;
  std::memcpy(many.data() + offsetof(Elf64_Ehdr, e_phnum), &count, sizeof(count));

  EXPECT_NE(reason(write("cut", whole.substr(0, sizeof(Elf64_Ehdr) + 9))).find("damaged"),
            std::string::npos);
  EXPECT_NE(reason(write("many", many)).find("damaged"), std::string::npos);
}

TEST_F(ProgramTest, JudgesAScriptByItsInterpreter) {
  const std::string fixed = write("static", elf_file(""));

  EXPECT_EQ(reason(write("good", "#! /proc/self/exe -x\n")), "");
  EXPECT_NE(reason(write("bad", "#!" + fixed + "\n")).find("statically linked"), std::string::npos);
  EXPECT_NE(reason(write("text", "hello\n")).find("neither an ELF program nor a script"),
            std::string::npos);
  const std::string loop = directory_.path() / "loop";
  EXPECT_NE(reason(write("loop", "#!" + loop + "\n")), "");
}

TEST_F(ProgramTest, SearchesThePathLikeAShell) {
  write("tool", elf_file(kGlibc));
  write("plain", "text", 0644);
  const std::string path = "/nonexistent:" + directory_.path().string();

  EXPECT_EQ(*find_program("tool", path), directory_.path() / "tool");
  EXPECT_EQ(*find_program(directory_.path() / "tool", ""), directory_.path() / "tool");
  EXPECT_EQ(find_program("absent", path).error().code, Failure::kProgram);
  EXPECT_EQ(find_program("plain", path).error().code, Failure::kPermission);
}

}  // namespace
}  // namespace xgops::cli::proc
