// SPDX-License-Identifier: MIT
#include "unwind/call_frame_table.hpp"

#include "fake_memory.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace xgops::unwind {
namespace {

constexpr std::uint64_t kHeader = 0x10000;
constexpr std::uint64_t kFrames = 0x20000;
constexpr std::uint64_t kText = 0x30000;

class Bytes {
 public:
  Bytes& u8(std::uint8_t value) { return add(value); }
  Bytes& u32(std::uint64_t value) { return add(static_cast<std::uint32_t>(value)); }
  Bytes& list(std::initializer_list<std::uint8_t> values) {
    data.insert(data.end(), values);
    return *this;
  }
  Bytes& record(const Bytes& body) {
    u32(body.data.size());
    data.insert(data.end(), body.data.begin(), body.data.end());
    return *this;
  }
  std::vector<std::uint8_t> data;

 private:
  template <class T>
  Bytes& add(T value) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    data.insert(data.end(), bytes, bytes + sizeof(T));
    return *this;
  }
};

/// .eh_frame with one function of 0x40 bytes at kText: push %rbp at 1, mov at 4, leave at 0x20.
std::vector<std::uint8_t> make_frames(std::uint8_t extra_augmentation = 0) {
  Bytes common;
  common.u32(0).u8(1);
  common.u8('z').u8('R');
  if (extra_augmentation != 0) {
    common.u8(extra_augmentation);
  }
  common.u8(0).list(
      {0x01, 0x78, 0x10, 0x01, 0x1b});          // code 1, data -8, ra 16, 1 byte: pcrel sdata4
  common.list({0x0c, 0x07, 0x08, 0x90, 0x01});  // def_cfa rsp+8; offset ra at cfa-8
  Bytes all;
  all.record(common);
  const std::uint64_t fde = kFrames + all.data.size();
  Bytes function;
  function.u32(fde + 4 - kFrames);                      // distance to the common record
  function.u32(kText - (fde + 8));                      // pc-relative start
  function.u32(0x40).u8(0);                             // length, no augmentation data
  function.list({0x41, 0x0e, 0x10, 0x86, 0x02});        // +1: cfa_offset 16; rbp at cfa-16
  function.list({0x43, 0x0d, 0x06});                    // +3: cfa_register rbp
  function.list({0x0a, 0x5c, 0x0c, 0x07, 0x08, 0xc6});  // remember; +28: def_cfa rsp+8; restore rbp
  function.list({0x44, 0x0b});                          // +4: restore state
  all.record(function).u32(0);
  return all.data;
}

void add_header(test::FakeMemory& memory, std::uint32_t entries = 1) {
  Bytes header;
  header.list({1, 0x1b, 0x03, 0x3b}).u32(kFrames - (kHeader + 4)).u32(entries);
  header.u32(kText - kHeader).u32(kFrames + 22 - kHeader);
  header.data.resize(64);
  memory.put(kHeader, header.data);
}

struct Fixture {
  test::FakeMemory memory;
  UnwindModule module;
  CallFrameTable table{memory};

  explicit Fixture(std::vector<std::uint8_t> frames) {
    frames.resize(frames.size() + 64);
    memory.put(kFrames, std::move(frames));
    add_header(memory);
    module.text_begin = kText;
    module.text_end = kText + 0x1000;
    EXPECT_TRUE(locate_search_table(memory, kHeader, module));
    table.set_modules(ModuleTable({&module, 1}));
  }
};

TEST(CallFrameTableTest, FollowsAFunctionThroughItsPrologueAndEpilogue) {
  Fixture fixture(make_frames());
  ASSERT_EQ(fixture.module.table_entries, 1U);
  Row row;

  ASSERT_EQ(fixture.table.find(kText, row), RowStatus::kOk);
  EXPECT_EQ(row.cfa_register, kRsp);
  EXPECT_EQ(row.cfa_offset, 8);
  EXPECT_EQ(row.function_start, kText);

  ASSERT_EQ(fixture.table.find(kText + 1, row), RowStatus::kOk);
  EXPECT_EQ(row.cfa_offset, 16);
  EXPECT_EQ(row.rules[kRbp].kind, RuleKind::kAtCfaOffset);
  EXPECT_EQ(row.rules[kRbp].offset, -16);

  ASSERT_EQ(fixture.table.find(kText + 4, row), RowStatus::kOk);
  EXPECT_EQ(row.cfa_register, kRbp);

  ASSERT_EQ(fixture.table.find(kText + 0x20, row), RowStatus::kOk);
  EXPECT_EQ(row.cfa_register, kRsp);
  EXPECT_EQ(row.rules[kRbp].kind, RuleKind::kSameValue);

  ASSERT_EQ(fixture.table.find(kText + 0x24, row), RowStatus::kOk);
  EXPECT_EQ(row.cfa_register, kRbp) << "remembered state";
}

TEST(CallFrameTableTest, TellsWhyThereIsNoRow) {
  Fixture fixture(make_frames());
  Row row;
  EXPECT_EQ(fixture.table.find(kText + 0x40, row), RowStatus::kNoUnwindInfo)
      << "after the function";
  EXPECT_EQ(fixture.table.find(kText - 1, row), RowStatus::kNoModule);
  EXPECT_EQ(fixture.table.find(0, row), RowStatus::kNoModule);
}

TEST(CallFrameTableTest, KnowsSignalTrampolines) {
  Fixture fixture(make_frames('S'));
  Row row;
  // One more augmentation letter moves the function's record by a byte.
  const std::uint64_t fde = kFrames + 23 - kHeader;
  Bytes header;
  header.list({1, 0x1b, 0x03, 0x3b})
      .u32(kFrames - (kHeader + 4))
      .u32(1)
      .u32(kText - kHeader)
      .u32(fde);
  header.data.resize(64);
  fixture.memory.put(kHeader, header.data);
  ASSERT_EQ(fixture.table.find(kText, row), RowStatus::kOk);
  EXPECT_TRUE(row.signal_frame);
}

TEST(CallFrameTableTest, IndexesASectionThatHasNoSearchTable) {
  test::FakeMemory memory;
  auto frames = make_frames();
  const std::uint64_t bytes = frames.size();
  frames.resize(frames.size() + 64);
  memory.put(kFrames, std::move(frames));
  std::vector<FdeIndexEntry> index(8);

  ASSERT_EQ(index_eh_frame(memory, kFrames, bytes, index), 1U);

  EXPECT_EQ(index[0].start, kText);
  UnwindModule module;
  module.text_begin = kText;
  module.text_end = kText + 0x1000;
  module.index = std::span<const FdeIndexEntry>(index.data(), 1);
  CallFrameTable table(memory);
  table.set_modules(ModuleTable({&module, 1}));
  Row row;
  EXPECT_EQ(table.find(kText + 5, row), RowStatus::kOk);
  EXPECT_EQ(row.cfa_register, kRbp);
}

TEST(CallFrameTableTest, SurvivesDamagedTables) {
  // Every single-byte change, and random noise: any answer is fine, a crash or an endless loop is
  // not.
  const auto good = make_frames();
  std::mt19937 random(4711);
  for (std::size_t round = 0; round < 20'000; ++round) {
    auto frames = good;
    if (round < good.size()) {
      frames[round] = static_cast<std::uint8_t>(random());
    } else {
      for (int i = 0; i < 4; ++i) {
        frames[random() % frames.size()] = static_cast<std::uint8_t>(random());
      }
    }
    Fixture fixture(std::move(frames));
    Row row;
    for (const std::uint64_t offset : {0U, 1U, 4U, 0x20U, 0x24U}) {
      const RowStatus status = fixture.table.find(kText + offset, row);
      EXPECT_LE(static_cast<int>(status), static_cast<int>(RowStatus::kBadUnwindInfo));
    }
  }
}

}  // namespace
}  // namespace xgops::unwind
