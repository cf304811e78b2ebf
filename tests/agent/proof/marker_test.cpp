// SPDX-License-Identifier: MIT
// Blocks, walks and marks on heaps made by hand.
#include "proof/marker.hpp"

#include "chunk_image.hpp"
#include "proof/heap_blocks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace xgops::proof {
namespace {

using test::ChunkImage;

class MarkerTest : public testing::Test {
 protected:
  bool walk(std::uint64_t top) {
    EXPECT_TRUE(blocks_.add_region(image_->range(), RegionKind::kChunks));
    ScratchArray<std::uint64_t> dead(scratch_);
    const bool walked = walk_chunks(image_->segment(top), blocks_, dead, totals_);
    EXPECT_TRUE(blocks_.seal());
    for (const std::uint64_t block : dead) {
      blocks_.mark(blocks_.find(block));
    }
    return walked;
  }
  void finish() { ASSERT_TRUE(walk(image_->add_top())); }
  void mark_from(std::uint64_t word) {
    marker_.add_word(word, {});
    marker_.run();
  }
  std::uint64_t scratch_bytes() const {
    std::uint64_t bytes = 0;
    for (const Range& each : scratch_.ranges()) {
      bytes += each.bytes();
    }
    return bytes;
  }
  bool is_marked(std::uint64_t block) { return blocks_.is_marked(blocks_.find(block)); }

  static bool on_special(void* context, const Block& block, const Origin& /*origin*/) {
    auto& test = *static_cast<MarkerTest*>(context);
    test.reached_.push_back(block.begin);
    return test.follow_special_;
  }

  std::unique_ptr<ChunkImage> image_ = std::make_unique<ChunkImage>();
  Scratch scratch_;
  BlockMap blocks_{scratch_};
  Marker marker_{blocks_, scratch_, &on_special, this};
  HeapTotals totals_;
  std::vector<std::uint64_t> reached_;
  bool follow_special_ = true;
};

TEST_F(MarkerTest, FollowsPointersFromBlockToBlock) {
  const std::uint64_t first = image_->add(64);
  const std::uint64_t second = image_->add(48);
  const std::uint64_t third = image_->add(4096);
  const std::uint64_t other = image_->add(32);
  image_->set(first + 8, second);
  image_->set(second, third + 4000);  // Into it.
  image_->set(third + 16, first);     // In a circle.
  finish();

  mark_from(first);

  EXPECT_TRUE(is_marked(first) && is_marked(second) && is_marked(third));
  EXPECT_FALSE(is_marked(other));
  EXPECT_EQ(totals_.blocks, 4U);
}

TEST_F(MarkerTest, DropsTagsInBothEndsOfAPointer) {
  const std::uint64_t high = image_->add(64);
  const std::uint64_t low = image_->add(64);
  finish();

  mark_from(high | std::uint64_t{0xabcd} << 48);
  mark_from(low | 3);

  EXPECT_TRUE(is_marked(high) && is_marked(low));
}

TEST_F(MarkerTest, CountsAPointerBehindTheLastByte) {
  const std::uint64_t block = image_->add(64);
  const std::uint64_t next = image_->add(64);
  finish();

  mark_from(block + 56);  // malloc_usable_size of it.

  EXPECT_TRUE(is_marked(block));
  EXPECT_FALSE(is_marked(next));
}

TEST_F(MarkerTest, DoesNotReadWhatIsFree) {
  image_->add(32);
  const std::uint64_t freed = image_->add(64, false);
  const std::uint64_t block = image_->add(64);
  image_->set(freed + 8, block);
  finish();

  mark_from(freed);

  EXPECT_FALSE(is_marked(block));
}

TEST_F(MarkerTest, FindsLargeBlocksFromAnyOfTheirPages) {
  constexpr std::uint64_t kPage = 4096;
  const std::uint64_t large = image_->add(5 * kPage + 32);
  const std::uint64_t next = image_->add(32);
  finish();

  for (std::uint64_t at = large; at < large + 5 * kPage; at += 1024) {
    EXPECT_EQ(blocks_.find(at).begin, large) << at - large;
  }
  EXPECT_EQ(blocks_.find(next).begin, next);
  EXPECT_FALSE(blocks_.find(image_->begin()));
  EXPECT_FALSE(blocks_.find(image_->range().end));
}

TEST_F(MarkerTest, FollowsEveryWordOfALargeBlockWithoutKeepingAllInMind) {
  constexpr std::size_t kBlocks = 6000;
  const std::uint64_t array = image_->add(16 + kBlocks * 8);
  std::vector<std::uint64_t> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    blocks.push_back(image_->add(32));
    image_->set(array + i * 8, blocks.back());
  }
  finish();
  const std::uint64_t before = scratch_bytes();

  mark_from(array);

  for (const std::uint64_t block : blocks) {
    ASSERT_TRUE(is_marked(block));
  }
  EXPECT_LT(scratch_bytes() - before, kBlocks * sizeof(Range));
}

TEST_F(MarkerTest, ReadsRangesThatBeginAtOddAddresses) {
  constexpr std::size_t kWords = 1500;
  std::vector<std::uint64_t> words;
  for (std::size_t i = 0; i < kWords; ++i) {
    words.push_back(image_->add(32));
  }
  finish();
  const auto begin = reinterpret_cast<std::uint64_t>(words.data());

  marker_.add_range({begin + 5, begin + kWords * 8});
  marker_.run();

  EXPECT_FALSE(is_marked(words[0]));
  for (std::size_t i = 1; i < kWords; ++i) {
    EXPECT_TRUE(is_marked(words[i])) << i;
  }
}

TEST_F(MarkerTest, AsksAboutSpecialBlocks) {
  const std::uint64_t special = image_->add(64);
  const std::uint64_t behind = image_->add(64);
  image_->set(special, behind);
  finish();
  blocks_.make_special(blocks_.find(special));
  follow_special_ = false;

  mark_from(special + 24);

  EXPECT_EQ(reached_, std::vector<std::uint64_t>{special});
  EXPECT_FALSE(is_marked(behind));

  marker_.add_block(blocks_.find(special));
  marker_.run();

  EXPECT_TRUE(is_marked(behind));
}

TEST_F(MarkerTest, RefusesASizeThatLeadsOutOfTheHeap) {
  image_->add(64);
  image_->set(image_->add(64) - 8, ChunkImage::kBytes);

  EXPECT_FALSE(walk(image_->add_top()));
}

TEST_F(MarkerTest, RefusesASizeOfNothing) {
  image_->add(64);
  image_->set(image_->add(64) - 8, 1);

  EXPECT_FALSE(walk(image_->add_top()));
}

TEST_F(MarkerTest, RefusesAHeapWithoutItsLastChunk) {
  image_->add(64);
  image_->add_top();

  EXPECT_FALSE(walk(image_->begin() + 8));
}

TEST_F(MarkerTest, KnowsChunksWithMappingsOfTheirOwn) {
  image_->set(image_->begin() + 16, image_->begin() + 4096);
  ASSERT_TRUE(blocks_.add_region({image_->begin(), image_->begin() + 4096}, RegionKind::kSingle));
  ASSERT_TRUE(
      blocks_.add_region({image_->begin() + 4096, image_->begin() + 8192}, RegionKind::kSingle));
  ASSERT_TRUE(blocks_.seal());

  mark_from(image_->begin() + 4095);

  EXPECT_TRUE(is_marked(image_->begin() + 16));
  EXPECT_FALSE(is_marked(image_->begin() + 4096 + 16)) << "its header is no part of it";
}

}  // namespace
}  // namespace xgops::proof
