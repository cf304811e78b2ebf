// SPDX-License-Identifier: MIT
// Untrusted text on its way to a terminal.
#include "output/escape.hpp"

#include "output/render.hpp"
#include "output/table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace xgops::cli {
namespace {

TEST(EscapeTest, LeavesPrintableTextAlone) {
  EXPECT_EQ(escape("std::vector<int>::~vector() const&"), "std::vector<int>::~vector() const&");
  EXPECT_EQ(escape("b\xc3\xa4nk \xe2\x82\xac \xf0\x9f\x98\x80"),
            "b\xc3\xa4nk \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(EscapeTest, ShowsControlCharacters) {
  EXPECT_EQ(escape("\x1b[2J\r\n\t\x7f"), "\\x1b[2J\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(escape(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(EscapeTest, ShowsC1ControlsThatTerminalsTakeAsEscapes) {
  EXPECT_EQ(escape("\xc2\x9b"
                   "2J"),
            "\\x9b"
            "2J");
}

TEST(EscapeTest, ShowsCharactersThatReorderOrHide) {
  EXPECT_EQ(escape("\xe2\x80\xae"), "\\u202e");
  EXPECT_EQ(escape("\xe2\x81\xa6"), "\\u2066");
  EXPECT_EQ(escape("\xe2\x80\xa8"), "\\u2028");
}

TEST(EscapeTest, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(escape("\xff"), "\\xff");
  EXPECT_EQ(escape("\xc0\x9b"), "\\xc0\\x9b");           // An overlong escape character.
  EXPECT_EQ(escape("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // A surrogate.
  EXPECT_EQ(escape("a\xe2\x82"), "a\\xe2\\x82");         // Cut off.
  EXPECT_EQ(escape("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
}

TEST(HexTextTest, CoversAllBits) {
  EXPECT_EQ(hex_text(0), "0x0");
  EXPECT_EQ(hex_text(0xffffffffffffffff), "0xffffffffffffffff");
}

TEST(TableTest, CountsCodePointsAndLeavesNoTrailingBlanks) {
  Table table({{"A"}, {"N", Align::kRight}, {"LAST"}});
  table.add({"\xc3\xa4", "1", "x"});
  table.add({"bcd", "1000", ""});

  EXPECT_EQ(table.render(Style(false)), "A       N  LAST\n\xc3\xa4       1  x\nbcd  1000\n");
}

TEST(RenderMessageTest, IndentsTheHintAndEscapesBoth) {
  EXPECT_EQ(render_message("no agent in \"\x1b[2J\"", "do this\nor that"),
            "xgops: no agent in \"\\x1b[2J\"\n  do this\n  or that\n");
}

}  // namespace
}  // namespace xgops::cli
