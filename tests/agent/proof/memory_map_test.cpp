// SPDX-License-Identifier: MIT
// What the text of smaps says.
#include "proof/memory_map.hpp"

#include "support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>

namespace xgops::proof {
namespace {

const Mapping& only(MemoryMap& map, std::initializer_list<std::string_view> lines) {
  for (const std::string_view line : lines) {
    map.add_line(line);
  }
  EXPECT_EQ(map.mappings().size(), 1U);
  return map.mappings()[0];
}

TEST(MemoryMapTest, ReadsRangeRightsAndUse) {
  Scratch scratch;
  MemoryMap map(scratch);

  const Mapping& mapping =
      only(map, {"7f0000001000-7f0000003000 rw-p 00000000 00:00 0 ", "Size:                  8 kB",
                 "Rss:                   4 kB", "Pss:                   4 kB",
                 "Swap:                  8 kB", "SwapPss:               8 kB",
                 "Shared_Dirty:         64 kB", "Private_Clean:         1 kB",
                 "Private_Dirty:         2 kB", "VmFlags: rd wr mr mw me ac "});

  EXPECT_EQ(mapping.range.begin, 0x7f0000001000U);
  EXPECT_EQ(mapping.range.end, 0x7f0000003000U);
  EXPECT_TRUE(mapping.readable && mapping.writable);
  EXPECT_FALSE(mapping.executable || mapping.shared || mapping.wiped_by_fork);
  EXPECT_EQ(mapping.kind, MappingKind::kAnonymous);
  EXPECT_EQ(mapping.used_bytes, 12U * 1024);
  EXPECT_EQ(mapping.private_bytes, 3U * 1024);
}

TEST(MemoryMapTest, KnowsWhatForkLeavesOut) {
  Scratch scratch;
  MemoryMap map(scratch);

  const Mapping& mapping = only(
      map, {"1000-2000 rw-s 00000000 00:01 7   /memfd:x (deleted)", "VmFlags: rd wr sh dc wf "});

  EXPECT_TRUE(mapping.left_out_by_fork && mapping.wiped_by_fork && mapping.shared);
  EXPECT_EQ(mapping.kind, MappingKind::kFile);
}

TEST(MemoryMapTest, CountsHugePages) {
  Scratch scratch;
  MemoryMap map(scratch);
  map.add_line("7f0000000000-7f0000600000 rw-p 00000000 00:0f 7    /anon_hugepage (deleted)");
  map.add_line("Shared_Hugetlb:     2048 kB");
  map.add_line("Private_Hugetlb:    4096 kB");
  map.add_line("VmFlags: rd wr mr mw me ht ");

  const Mapping& mapping = map.mappings()[0];

  EXPECT_TRUE(mapping.huge_pages);
  EXPECT_EQ(mapping.used_bytes, 6144U * 1024);
  EXPECT_EQ(mapping.changed_bytes, 6144U * 1024);
  EXPECT_EQ(mapping.private_bytes, 4096U * 1024);
}

TEST(MemoryMapTest, TellsKindsByPath) {
  const auto kind = [](std::string_view path) {
    Scratch scratch;
    MemoryMap map(scratch);
    return only(map, {std::string("1000-2000 rw-p 00000000 00:00 0      ") + std::string(path)})
        .kind;
  };

  EXPECT_EQ(kind("[heap]"), MappingKind::kHeap);
  EXPECT_EQ(kind("[stack]"), MappingKind::kStack);
  EXPECT_EQ(kind("[anon:a name]"), MappingKind::kAnonymous);
  EXPECT_EQ(kind("[vvar_vclock]"), MappingKind::kSystem);
  EXPECT_EQ(kind("/dev/nvidia0"), MappingKind::kDevice);
  EXPECT_EQ(kind("/dev/shm/x"), MappingKind::kFile);
  EXPECT_EQ(kind("/[aio] (deleted)"), MappingKind::kAsynchronousIo);
  EXPECT_EQ(kind("anon_inode:[io_uring]"), MappingKind::kAsynchronousIo);
  EXPECT_EQ(kind("anon_inode:[perf_event]"), MappingKind::kDevice);
}

TEST(MemoryMapTest, ReadsItsOwnProcess) {
  Scratch scratch;
  auto* const memory = static_cast<char*>(scratch.take(8192));
  memory[0] = 1;
  MemoryMap map(scratch);
  const support::UniqueFd fd(::open("/proc/self/smaps", O_RDONLY | O_CLOEXEC));

  ASSERT_TRUE(map.read(fd.get()));

  const auto address = reinterpret_cast<std::uint64_t>(memory);
  EXPECT_NE(map.find(address), nullptr);
  EXPECT_TRUE(map.covers({address, address + 8192}));
  EXPECT_FALSE(map.covers({address, std::uint64_t{1} << 47}));
  EXPECT_EQ(map.find(1), nullptr);
}

TEST(ScratchArrayTest, KeepsItsElementsWhenItGrows) {
  Scratch scratch;
  ScratchArray<std::uint64_t> array(scratch);

  for (std::uint64_t i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(array.push(i));
  }

  EXPECT_EQ(array[0], 0U);
  EXPECT_EQ(array[99'999], 99'999U);
  EXPECT_EQ(scratch.ranges().size(), 1U);
  EXPECT_FALSE(scratch.failed());
}

}  // namespace
}  // namespace xgops::proof
