// SPDX-License-Identifier: MIT
#include "symbol_cache.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace xgops::symbolize {
namespace {

const BuildId kBuildId{0xab, 0xcd, 0xef};

Answers some_answers() {
  Answers answers;
  Symbol inlined;
  inlined.function = "inner(int)";
  inlined.file = "/src/a.cpp";
  inlined.line = 12;
  inlined.column = 3;
  inlined.inlined = true;
  Symbol outer;
  outer.function = "outer()";
  answers[{0x1000, false}] = {inlined, outer};
  answers[{0x1000, true}] = {};
  return answers;
}

class SymbolCacheTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory() + "/abcdef"; }
  [[nodiscard]] std::string directory() const { return parent_.path().string() + "/cache"; }

  test::TempDir parent_;
  SymbolCache cache_{directory()};
};

TEST_F(SymbolCacheTest, GivesBackWhatWasStored) {
  cache_.store(kBuildId, 7, some_answers());

  const Answers loaded = cache_.load(kBuildId, 7);

  ASSERT_EQ(loaded.size(), 2U);
  const auto& symbols = loaded.at({0x1000, false});
  ASSERT_EQ(symbols.size(), 2U);
  EXPECT_EQ(symbols[0].function, "inner(int)");
  EXPECT_EQ(symbols[0].file, "/src/a.cpp");
  EXPECT_EQ(symbols[0].line, 12U);
  EXPECT_EQ(symbols[0].column, 3U);
  EXPECT_TRUE(symbols[0].inlined);
  EXPECT_EQ(symbols[1].function, "outer()");
  EXPECT_FALSE(symbols[1].inlined);
}

TEST_F(SymbolCacheTest, IsEmptyUnderAnotherFingerprintOrBuildId) {
  cache_.store(kBuildId, 7, some_answers());
  EXPECT_TRUE(cache_.load(kBuildId, 8).empty());
  EXPECT_TRUE(cache_.load({0x01}, 7).empty());
  EXPECT_TRUE(cache_.load({}, 7).empty());
}

TEST_F(SymbolCacheTest, KeepsFilesToTheirOwner) {
  cache_.store(kBuildId, 7, some_answers());
  struct stat status {};
  ASSERT_EQ(::stat(directory().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(SymbolCacheTest, DoesNotTrustADirectoryThatOthersMayWrite) {
  cache_.store(kBuildId, 7, some_answers());
  ASSERT_EQ(::chmod(directory().c_str(), 0777), 0);
  EXPECT_TRUE(cache_.load(kBuildId, 7).empty());
}

TEST_F(SymbolCacheTest, DoesNotFollowALink) {
  cache_.store(kBuildId, 7, some_answers());
  const std::string moved = path() + ".moved";
  ASSERT_EQ(::rename(path().c_str(), moved.c_str()), 0);
  ASSERT_EQ(::symlink(moved.c_str(), path().c_str()), 0);
  EXPECT_TRUE(cache_.load(kBuildId, 7).empty());
}

TEST_F(SymbolCacheTest, IsEmptyWhenItsFileIsDamaged) {
  cache_.store(kBuildId, 7, some_answers());
  std::ifstream file(path(), std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(file)), {});
  // Cut anywhere but at the end of an answer, it must not be believed; changed anywhere, not crash.
  for (std::size_t size = 0; size < good.size(); ++size) {
    std::ofstream(path(), std::ios::binary) << good.substr(0, size);
    EXPECT_LE(cache_.load(kBuildId, 7).size(), 1U) << size;
    std::string changed = good;
    changed[size] = static_cast<char>(~changed[size]);
    std::ofstream(path(), std::ios::binary) << changed;
    EXPECT_LE(cache_.load(kBuildId, 7).size(), 2U) << size;
  }
}

TEST_F(SymbolCacheTest, DoesNothingWithoutADirectory) {
  const SymbolCache none("");
  none.store(kBuildId, 7, some_answers());
  EXPECT_TRUE(none.load(kBuildId, 7).empty());
}

TEST_F(SymbolCacheTest, RemovesTheOldestFilesBeyondItsLimit) {
  for (std::size_t i = 0; i < SymbolCache::kMaxFiles + 3; ++i) {
    cache_.store({static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8U), 1}, 7,
                 some_answers());
  }
  std::size_t found = 0;
  for (std::size_t i = 0; i < SymbolCache::kMaxFiles + 3; ++i) {
    const BuildId id{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8U), 1};
    found += cache_.load(id, 7).empty() ? 0U : 1U;
  }
  EXPECT_EQ(found, SymbolCache::kMaxFiles);
}

}  // namespace
}  // namespace xgops::symbolize
