// SPDX-License-Identifier: MIT
// Texts by address.
#include "tasks/source_text.hpp"

#include "xgops/code_location.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include <sys/mman.h>

namespace xgops::tasks {
namespace {

std::uint64_t number(const void* address) {
  return reinterpret_cast<std::uint64_t>(address);
}

TEST(SourceTextTest, EndsAtAZeroOrALimit) {
  const std::string text(1000, 'x');

  EXPECT_EQ(text_at(number(text.c_str())), text);
  EXPECT_EQ(text_at(number(text.c_str()), 5), "xxxxx");
  const std::string long_text(10'000, 'y');
  EXPECT_EQ(text_at(number(long_text.c_str())).size(), kMaxTextBytes);
}

TEST(SourceTextTest, IsEmptyWhereNothingIs) {
  EXPECT_EQ(text_at(0), "");
  EXPECT_EQ(text_at(1), "");
  EXPECT_EQ(text_at(~std::uint64_t{0}), "");
}

TEST(SourceTextTest, EndsWithWhatIsMapped) {
  auto* const pages = static_cast<char*>(
      ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ::munmap(pages + 4096, 4096);
  std::fill_n(pages, 4096, 'z');

  EXPECT_EQ(text_at(number(pages + 4090)), "zzzzzz");
  ::munmap(pages, 4096);
}

TEST(SourceTextTest, KnowsThePlaceOfACall) {
  const CodeLocation here = CodeLocation::current();
  const int line = __LINE__ - 1;

  const SourcePlace place = place_at(here.word(), here.function_word());

  EXPECT_NE(place.file.find("source_text_test.cpp"), std::string::npos);
  EXPECT_EQ(place.line, static_cast<std::uint32_t>(line));
  EXPECT_NE(place.function.find("TestBody"), std::string::npos);
}

TEST(SourceTextTest, KnowsAPlaceThatIsPackedIntoWords) {
  const std::uint64_t word = number("main.cpp") | (std::uint64_t{77} << CodeLocation::kLineShift);

  const SourcePlace place = place_at(word, number("serve"));

  EXPECT_EQ(place.file, "main.cpp");
  EXPECT_EQ(place.line, 77U);
  EXPECT_EQ(place.function, "serve");
}

TEST(SourceTextTest, KnowsNothingOfAPlaceThatIsNowhere) {
  EXPECT_EQ(place_at(0, 0).file, "");
  EXPECT_EQ(place_at(24, 0).file, "");
  EXPECT_EQ(place_at((std::uint64_t{5} << CodeLocation::kLineShift) | 24, 24).file, "");
}

}  // namespace
}  // namespace xgops::tasks
