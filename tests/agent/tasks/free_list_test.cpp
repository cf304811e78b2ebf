// SPDX-License-Identifier: MIT
// Batches that threads share.
#include "tasks/free_list.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace xgops::tasks {
namespace {

struct alignas(16) Block {
  std::atomic<Block*> next{nullptr};
  std::atomic<bool> taken{false};
};
struct Link {
  static Block* next(const Block& block) { return block.next.load(std::memory_order_relaxed); }
  static void set_next(Block& block, Block* next) {
    block.next.store(next, std::memory_order_relaxed);
  }
};
using Stack = BatchStack<Block, Link>;

TEST(BatchStackTest, GivesWhatWasPushedLastFirst) {
  Stack stack;
  Block a;
  Block b;
  EXPECT_EQ(stack.pop(), nullptr);

  stack.push(&a);
  stack.push(&b);

  EXPECT_EQ(stack.pop(), &b);
  EXPECT_EQ(stack.pop(), &a);
  EXPECT_EQ(stack.pop(), nullptr);
}

TEST(BatchStackTest, GivesEachBatchToOneThread) {
  Stack stack;
  std::vector<Block> blocks(8);
  for (Block& block : blocks) {
    stack.push(&block);
  }
  std::atomic<int> doubly{0};

  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20'000; ++round) {
        if (Block* const block = stack.pop()) {
          doubly += block->taken.exchange(true) ? 1 : 0;
          block->taken = false;
          stack.push(block);
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  EXPECT_EQ(doubly, 0);
  std::size_t left = 0;
  while (stack.pop() != nullptr) {
    ++left;
  }
  EXPECT_EQ(left, blocks.size());
}

}  // namespace
}  // namespace xgops::tasks
