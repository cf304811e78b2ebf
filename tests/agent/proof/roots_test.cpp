// SPDX-License-Identifier: MIT
// Which memory counts as a root.
#include "proof/roots.hpp"

#include "proof/doubt.hpp"
#include "support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

struct Collected {
  Collected(std::initializer_list<std::string_view> lines) {
    for (const std::string_view line : lines) {
      map.add_line(line);
    }
    EXPECT_TRUE(blocks.seal());
  }
  void collect() { EXPECT_TRUE(roots.collect(map, blocks, doubts)); }

  Scratch scratch;
  MemoryMap map{scratch};
  BlockMap blocks{scratch};
  Roots roots{scratch};
  std::uint32_t doubts = 0;
};

TEST(RootsTest, AreWhatCanBeReadButForWhatIsExcluded) {
  Collected all({"10000-20000 rw-p 00000000 00:00 0 ", "20000-30000 ---p 00000000 00:00 0 ",
                 "30000-40000 r--p 00000000 08:01 7    /usr/lib/x.so"});
  all.roots.exclude({0x12000, 0x13000});
  all.roots.exclude({0x12800, 0x14000});
  all.roots.exclude({0x1f000, 0x31000});

  all.collect();

  const auto& areas = all.roots.areas();
  ASSERT_EQ(areas.size(), 3U);
  EXPECT_EQ(areas[0].range.begin, 0x10000U);
  EXPECT_EQ(areas[0].range.end, 0x12000U);
  EXPECT_EQ(areas[1].range.begin, 0x14000U);
  EXPECT_EQ(areas[1].range.end, 0x1f000U);
  EXPECT_EQ(areas[2].range.begin, 0x31000U);
  EXPECT_TRUE(areas[2].private_file);
  EXPECT_EQ(all.doubts, kNoDoubt);
}

TEST(RootsTest, AreNotAllOfThemWhenMemoryCannotBeReadOrUnderstood) {
  const auto doubts = [](std::initializer_list<std::string_view> lines) {
    Collected all(lines);
    all.collect();
    return all.doubts;
  };

  EXPECT_EQ(doubts({"1000-2000 ---p 00000000 00:00 0 ", "Rss:   4 kB"}), kMemoryLocked);
  EXPECT_EQ(doubts({"1000-2000 rw-p 00000000 00:00 0 ", "VmFlags: rd wf "}), kMemoryLeftOut);
  EXPECT_EQ(doubts({"1000-2000 r-xp 00000000 00:00 0 "}), kGeneratedCode);
  EXPECT_EQ(doubts({"1000-2000 rw-s 00000000 00:00 0   /dev/dri/card0"}), kDeviceMemory);
  EXPECT_EQ(doubts({"1000-2000 rw-s 00000000 00:00 0   anon_inode:[io_uring]"}),
            kAsynchronousIoUsed);
  EXPECT_EQ(doubts({"1000-2000 rw-s 00000000 00:01 7   /dev/zero (deleted)", "Swap:   4 kB"}),
            kSharedMemoryUnknown);
  EXPECT_EQ(doubts({"1000-2000 rw-s 00000000 00:0f 7   /mnt/huge/x", "VmFlags: rd wr sh ht "}),
            kSharedMemoryUnknown);
  EXPECT_EQ(doubts({"1000-2000 r-xp 00000000 00:00 0   [vdso]"}), kNoDoubt);
}

TEST(PageMapTest, FindsThePagesThatWereWritten) {
  constexpr std::size_t kPage = 4096;
  Scratch scratch;
  auto* const memory = static_cast<char*>(scratch.take(2000 * kPage));
  const auto begin = reinterpret_cast<std::uint64_t>(memory);
  ::madvise(memory, 2000 * kPage, MADV_NOHUGEPAGE);
  memory[10 * kPage] = 1;
  memory[11 * kPage] = 1;
  memory[1500 * kPage] = 1;
  const support::UniqueFd fd(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  PageMap pages(fd.get());
  ScratchArray<Range> used(scratch);

  ASSERT_TRUE(pages.visit_used({.range = {begin, begin + 2000 * kPage}},
                               [&](const Range& range) { used.push(range); }));

  ASSERT_EQ(used.size(), 2U);
  EXPECT_EQ(used[0].begin, begin + 10 * kPage);
  EXPECT_EQ(used[0].end, begin + 12 * kPage);
  EXPECT_EQ(used[1].begin, begin + 1500 * kPage);
}

TEST(PageMapTest, FillsNoHolesOfSharedMemory) {
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kBytes = 2000 * kPage;
  auto* const memory = static_cast<char*>(
      ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  const auto begin = reinterpret_cast<std::uint64_t>(memory);
  memory[10 * kPage] = 1;
  memory[1500 * kPage] = 1;
  Scratch scratch;
  PageMap pages(-1);
  ScratchArray<Range> used(scratch);

  ASSERT_TRUE(pages.visit_used({.range = {begin, begin + kBytes}, .shared = true},
                               [&](const Range& range) { used.push(range); }));

  ASSERT_EQ(used.size(), 2U);
  EXPECT_EQ(used[0].begin, begin + 10 * kPage);
  EXPECT_EQ(used[0].end, begin + 11 * kPage);
  EXPECT_EQ(used[1].begin, begin + 1500 * kPage);
  EXPECT_EQ(resident_bytes({begin, begin + kBytes}), 2 * kPage);
  ::munmap(memory, kBytes);
}

TEST(PageMapTest, DoesNotReadBehindTheEndOfAFile) {
  constexpr std::size_t kPage = 4096;
  const support::UniqueFd file(::memfd_create("short", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), kPage), 0);
  void* const memory = ::mmap(nullptr, 16 * kPage, PROT_READ, MAP_SHARED, file.get(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  const auto begin = reinterpret_cast<std::uint64_t>(memory);
  ASSERT_EQ(::pwrite(file.get(), "x", 1, 0), 1);
  PageMap pages(-1);
  std::uint64_t bytes = 0;

  EXPECT_TRUE(pages.visit_used({.range = {begin, begin + 16 * kPage}, .shared = true},
                               [&](const Range& range) { bytes += range.bytes(); }));

  EXPECT_EQ(bytes, kPage);
  ::munmap(memory, 16 * kPage);
}

TEST(PageMapTest, SaysWhenItCannotTell) {
  PageMap pages(-1);

  EXPECT_FALSE(pages.visit_used({.range = {4096, 8192}}, [](const Range&) {}));
}

}  // namespace
}  // namespace xgops::proof
