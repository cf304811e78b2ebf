// SPDX-License-Identifier: MIT
#include "support/unique_fd.hpp"
#include "threads/elf_image.hpp"
#include "threads/module_map.hpp"
#include "threads/self_memory.hpp"
#include "unwind/call_frame_table.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <numeric>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

/// Three pages, of which the last is not readable.
class Pages {
 public:
  Pages()
      : base_(static_cast<std::byte*>(::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE,
                                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    ::mprotect(base_ + 2 * kPage, kPage, PROT_NONE);
    for (std::size_t i = 0; i < 2 * kPage; ++i) {
      base_[i] = static_cast<std::byte>(i * 7);
    }
  }
  ~Pages() { ::munmap(base_, 3 * kPage); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  static constexpr std::size_t kPage = 4096;
  [[nodiscard]] std::byte* data() const { return base_; }

 private:
  std::byte* base_;
};

TEST(SelfMemoryTest, ReadsAcrossPages) {
  const Pages pages;
  SelfMemory memory;
  std::array<std::byte, 6000> copy{};
  ASSERT_TRUE(memory.read(address_of(pages.data() + 100), copy.data(), copy.size()));
  EXPECT_EQ(std::memcmp(copy.data(), pages.data() + 100, copy.size()), 0);
}

TEST(SelfMemoryTest, RefusesWhatIsNotReadable) {
  const Pages pages;
  SelfMemory memory;
  std::array<std::byte, 16> copy{};
  EXPECT_FALSE(memory.read(address_of(pages.data() + 2 * Pages::kPage - 8), copy.data(), 16));
  EXPECT_FALSE(memory.read(0, copy.data(), 1));
  EXPECT_FALSE(memory.read(~std::uint64_t{0} - 3, copy.data(), 16)) << "wraps around";
  EXPECT_EQ(
      support::copy_own_memory(address_of(pages.data() + 2 * Pages::kPage - 8), copy.data(), 16),
      8U);
}

TEST(SelfMemoryTest, ForgetsPagesWhenACaptureBegins) {
  const Pages pages;
  SelfMemory memory;
  std::uint64_t value = 0;
  ASSERT_TRUE(memory.read_value(address_of(pages.data()), value));
  std::memset(pages.data(), 0x55, 8);
  memory.begin_capture();
  ASSERT_TRUE(memory.read_value(address_of(pages.data()), value));
  EXPECT_EQ(value, 0x5555555555555555U);
}

TEST(SelfMemoryTest, ReadsAStackAfreshForEveryAttempt) {
  const Pages pages;
  SelfMemory memory;
  std::uint64_t value = 0;
  memory.open_stack(address_of(pages.data()));
  ASSERT_TRUE(memory.read_value(address_of(pages.data() + 8), value));
  std::memset(pages.data(), 0x11, 64);
  memory.open_stack(address_of(pages.data()));
  ASSERT_TRUE(memory.read_value(address_of(pages.data() + 8), value));
  EXPECT_EQ(value, 0x1111111111111111U);
  EXPECT_FALSE(memory.read_value(address_of(pages.data() + 2 * Pages::kPage - 4), value));
}

TEST(SelfMemoryTest, SaysWhenItReadPastACopy) {
  const Pages pages;
  SelfMemory memory;
  std::array<std::byte, 128> copy{};
  memory.open_copied_stack(address_of(pages.data()), copy, address_of(pages.data()) + Pages::kPage);
  std::uint64_t value = 1;
  ASSERT_TRUE(memory.read_value(address_of(pages.data() + 64), value));
  EXPECT_EQ(value, 0U) << "from the copy";
  EXPECT_FALSE(memory.read_past_copy());
  ASSERT_TRUE(memory.read_value(address_of(pages.data() + 256), value));
  EXPECT_NE(value, 0U) << "from the live stack";
  EXPECT_TRUE(memory.read_past_copy());

  memory.open_copied_stack(address_of(pages.data()), copy, address_of(pages.data()) + Pages::kPage);
  ASSERT_TRUE(memory.read_value(address_of(pages.data()) + Pages::kPage, value));
  EXPECT_FALSE(memory.read_past_copy()) << "behind the stack's mapping: something else";
}

TEST(ParseMappingTest, ReadsALine) {
  Mapping mapping;
  ASSERT_TRUE(
      parse_mapping("7f0000001000-7f0000002000 r-xp 00001000 fe:00 4711                       "
                    "/opt/a b/lib.so (deleted)",
                    mapping));
  EXPECT_EQ(mapping.begin, 0x7f0000001000U);
  EXPECT_EQ(mapping.end, 0x7f0000002000U);
  EXPECT_EQ(mapping.offset, 0x1000U);
  EXPECT_EQ(mapping.inode, 4711U);
  EXPECT_EQ(mapping.path, "/opt/a b/lib.so (deleted)");
  EXPECT_TRUE(mapping.executable);
  EXPECT_FALSE(mapping.writable);
}

TEST(ParseMappingTest, RefusesOtherLines) {
  Mapping mapping;
  for (const char* line :
       {"", "x", "1000 r-xp 0 0 0", "2000-1000 r-xp 0 0:0 0", "1000-2000 r- 0 0:0 0",
        "1000-2000 rwxp zz 0:0 0", "1000-2000 rwxp 0 0:0 z"}) {
    EXPECT_FALSE(parse_mapping(line, mapping)) << line;
  }
}

class ModuleMapTest : public ::testing::Test {
 protected:
  const Module* find(const void* code) const {
    for (const Module& module : modules_.modules()) {
      if (address_of(code) >= module.begin && address_of(code) < module.end) {
        return &module;
      }
    }
    return nullptr;
  }

  support::UniqueFd directory_{::open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  TaskFiles files_{directory_.get()};
  pid_t own_tid_ = static_cast<pid_t>(::syscall(SYS_gettid));
  SelfMemory memory_;
  ModuleMap modules_;
};

TEST_F(ModuleMapTest, FindsExecutableLibrariesAndVdso) {
  const auto changed = modules_.refresh(files_, own_tid_, memory_);
  ASSERT_TRUE(changed);
  EXPECT_TRUE(*changed);
  const Module* libc = find(reinterpret_cast<const void*>(&::getpid));
  ASSERT_NE(libc, nullptr);
  EXPECT_NE(libc->path.find("libc.so.6"), std::string::npos) << libc->path;
  EXPECT_EQ(libc->build_id.size(), 20U);
  EXPECT_FALSE(libc->deleted);
  const bool has_vdso = std::any_of(modules_.modules().begin(), modules_.modules().end(),
                                    [](const Module& module) { return module.path == "[vdso]"; });
  EXPECT_TRUE(has_vdso);
  int local = 0;
  const auto on_stack = std::any_of(
      modules_.stack_ranges().begin(), modules_.stack_ranges().end(), [&](const auto& range) {
        return range.begin <= address_of(&local) && address_of(&local) < range.end;
      });
  EXPECT_TRUE(on_stack);
}

TEST_F(ModuleMapTest, NoticesOnlyRealChanges) {
  ASSERT_TRUE(modules_.refresh(files_, own_tid_, memory_));
  const auto again = modules_.refresh(files_, own_tid_, memory_);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
}

TEST_F(ModuleMapTest, GivesTheUnwinderATableForEveryLibrary) {
  ASSERT_TRUE(modules_.refresh(files_, own_tid_, memory_));
  const unwind::UnwindModule* libc =
      modules_.unwind_table().find(reinterpret_cast<std::uint64_t>(&::getpid));
  ASSERT_NE(libc, nullptr);
  EXPECT_GT(libc->table_entries, 1000U);
}

/// A file of one page that has nothing but a note.
struct NoteFile {
  Elf64_Ehdr header{};
  std::array<Elf64_Phdr, 2> segments{};
  Elf64_Nhdr note{};
  std::array<char, 4> owner{};
  std::array<char, 4> description{};

  NoteFile(std::uint32_t type, std::array<char, 4> note_owner) : owner(note_owner) {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_phoff = offsetof(NoteFile, segments);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    segments[0].p_type = PT_LOAD;
    segments[0].p_memsz = segments[0].p_filesz = sizeof(NoteFile);
    segments[1].p_type = PT_NOTE;
    segments[1].p_vaddr = offsetof(NoteFile, note);
    segments[1].p_memsz = sizeof(NoteFile) - offsetof(NoteFile, note);
    note.n_namesz = 4;
    note.n_descsz = 4;
    note.n_type = type;
  }
};

TEST(ElfImageTest, KnowsGoCodeByItsNote) {
  const auto read = [](std::uint32_t type, std::array<char, 4> owner) {
    SelfMemory memory;
    const NoteFile file(type, owner);
    const auto image = read_elf_image(memory, address_of(&file));
    EXPECT_TRUE(image);
    return image.value_or(ElfImage());
  };

  EXPECT_TRUE(read(4, {'G', 'o', 0, 0}).go);
  EXPECT_FALSE(read(3, {'G', 'o', 0, 0}).go);
  EXPECT_FALSE(read(4, {'G', 'N', 'U', 0}).go);
  EXPECT_EQ(read(NT_GNU_BUILD_ID, {'G', 'N', 'U', 0}).build_id.size(), 4U);
}

TEST(ElfImageTest, RefusesWhatIsNoElfFile) {
  SelfMemory memory;
  std::array<std::byte, 4096> zero{};
  EXPECT_FALSE(read_elf_image(memory, address_of(zero.data())));
  EXPECT_FALSE(read_elf_image(memory, 0));
}

}  // namespace
}  // namespace xgops::threads
