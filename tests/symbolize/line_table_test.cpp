// SPDX-License-Identifier: MIT
// Line tables written by hand, for what compilers rarely write.
#include "line_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::symbolize {

namespace {

using Bytes = std::vector<std::uint8_t>;

/// Appends the parts of a version 4 table.
class TableWriter {
 public:
  TableWriter& byte(unsigned value) {
    bytes_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  TableWriter& text(std::string_view value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return byte(0);
  }
  TableWriter& number(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      byte(static_cast<unsigned>(value >> (8 * i)) & 0xffU);
    }
    return *this;
  }
  TableWriter& address(std::uint64_t value) { return byte(0).byte(9).byte(2).number(value, 8); }
  TableWriter& line(unsigned delta) { return byte(3).byte(delta); }
  TableWriter& advance(unsigned size) { return byte(2).byte(size); }
  TableWriter& row() { return byte(1); }
  TableWriter& file(unsigned index) { return byte(4).byte(index); }
  TableWriter& negate_statement() { return byte(6); }
  TableWriter& end_sequence() { return byte(0).byte(1).byte(1); }

  /// The table with `bytes` as its program, and two files.
  [[nodiscard]] Bytes finish() const {
    TableWriter tables;
    tables.byte(1).byte(1).byte(1).byte(0xfb).byte(14).byte(13);
    for (const unsigned operands : {0U, 1U, 1U, 1U, 1U, 0U, 0U, 0U, 1U, 0U, 0U, 1U}) {
      tables.byte(operands);
    }
    tables.text("include").byte(0);
    tables.text("a.cpp").byte(0).byte(0).byte(0);
    tables.text("b.hpp").byte(1).byte(0).byte(0).byte(0);
    TableWriter unit;
    unit.number(4, 2).number(tables.bytes_.size(), 4);
    unit.append(tables.bytes_);
    unit.append(bytes_);
    TableWriter whole;
    whole.number(unit.bytes_.size(), 4).append(unit.bytes_);
    return whole.bytes_;
  }

 private:
  void append(const Bytes& more) { bytes_.insert(bytes_.end(), more.begin(), more.end()); }

  Bytes bytes_;
};

LineTable parse(const Bytes& bytes) {
  LineTableSource source;
  source.section = bytes;
  source.compilation_directory = "/src";
  return LineTable(source);
}

std::string position_at(LineTable& table, std::uint64_t address) {
  const auto* found = table.find(address);
  return found == nullptr ? "none" : table.path(found->file) + ":" + std::to_string(found->line);
}

}  // namespace

TEST(LineTableTest, CoversEachRowUpToTheNext) {
  const Bytes bytes = TableWriter{}
                          .address(0x1000)
                          .line(9)
                          .row()
                          .advance(4)
                          .file(2)
                          .line(10)
                          .row()
                          .advance(4)
                          .end_sequence()
                          .finish();
  LineTable table = parse(bytes);

  EXPECT_EQ(position_at(table, 0xfff), "none");
  EXPECT_EQ(position_at(table, 0x1000), "/src/a.cpp:10");
  EXPECT_EQ(position_at(table, 0x1003), "/src/a.cpp:10");
  EXPECT_EQ(position_at(table, 0x1004), "/src/include/b.hpp:20");
  EXPECT_EQ(position_at(table, 0x1007), "/src/include/b.hpp:20");
  EXPECT_EQ(position_at(table, 0x1008), "none") << "the end of a sequence covers nothing";
}

TEST(LineTableTest, BelievesTheLastOfSeveralRowsWithOneAddress) {
  const Bytes bytes = TableWriter{}
                          .address(0x1000)
                          .line(9)
                          .row()
                          .negate_statement()
                          .line(1)
                          .row()
                          .line(1)
                          .row()
                          .advance(4)
                          .end_sequence()
                          .finish();
  LineTable table = parse(bytes);

  EXPECT_EQ(position_at(table, 0x1000), "/src/a.cpp:12");
}

TEST(LineTableTest, IgnoresTheLinesOfDroppedFunctions) {
  const Bytes bytes = TableWriter{}
                          .address(0)
                          .line(4)
                          .row()
                          .advance(100)
                          .end_sequence()
                          .address(~std::uint64_t{0})
                          .line(4)
                          .row()
                          .advance(100)
                          .end_sequence()
                          .address(0x40)
                          .line(6)
                          .row()
                          .advance(4)
                          .end_sequence()
                          .finish();
  LineTable table = parse(bytes);

  EXPECT_EQ(position_at(table, 0), "none");
  EXPECT_EQ(position_at(table, 0x20), "none");
  EXPECT_EQ(position_at(table, 0x40), "/src/a.cpp:7");
}

TEST(LineTableTest, HasSequencesInAnyOrder) {
  const Bytes bytes = TableWriter{}
                          .address(0x2000)
                          .line(1)
                          .row()
                          .advance(8)
                          .end_sequence()
                          .address(0x1000)
                          .line(2)
                          .row()
                          .advance(8)
                          .end_sequence()
                          .finish();
  LineTable table = parse(bytes);

  EXPECT_EQ(position_at(table, 0x1004), "/src/a.cpp:3");
  EXPECT_EQ(position_at(table, 0x2004), "/src/a.cpp:2");
  EXPECT_EQ(position_at(table, 0x1800), "none");
}

TEST(LineTableTest, YieldsWhatComesBeforeADamage) {
  const Bytes bytes = TableWriter{}
                          .address(0x1000)
                          .line(9)
                          .row()
                          .advance(4)
                          .end_sequence()
                          .address(0x2000)
                          .row()
                          .byte(0)
                          .byte(200)
                          .finish();
  LineTable table = parse(bytes);

  EXPECT_EQ(position_at(table, 0x1000), "/src/a.cpp:10");
  EXPECT_EQ(position_at(table, 0x2000), "none");
}

TEST(LineTableTest, SurvivesBeingCutOffAnywhere) {
  const Bytes whole =
      TableWriter{}.address(0x1000).line(9).row().advance(4).end_sequence().finish();

  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    LineTable table = parse(cut);
    EXPECT_EQ(position_at(table, 0x1000), "none") << size;
    EXPECT_EQ(table.path(1000), "");
  }
}

}  // namespace xgops::symbolize
