// SPDX-License-Identifier: MIT
// Choosing among symbols; the table is that of fixtures/names.c.
#include "elf_symbols.hpp"

#include "fixture.hpp"
#include "unique_fd.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include <fcntl.h>

namespace xgops::symbolize::test {

namespace {

/// libnames.so, whose symbols fixtures/names.c lists.
class ElfSymbolsTest : public testing::Test {
 protected:
  void SetUp() override {
    const UniqueFd file(::open(fixture_path("libnames.so").c_str(), O_RDONLY | O_CLOEXEC));
    auto image = ElfImage::open(file.get(), "libnames.so");
    ASSERT_TRUE(image) << image.error().message();
    image_ = *std::move(image);
    index_ = SymbolIndex({image_.get()});
  }

  /// Address of a symbol in the full table.
  [[nodiscard]] std::uint64_t address_of(const std::string& wanted) const {
    for (const auto& table : image_->symbol_tables(SHT_SYMTAB)) {
      for (const auto& symbol : table.symbols) {
        if (table.name(symbol.st_name) == wanted) {
          return symbol.st_value;
        }
      }
    }
    ADD_FAILURE() << "no symbol " << wanted;
    return 0;
  }

  std::unique_ptr<ElfImage> image_;
  SymbolIndex index_;
};

}  // namespace

TEST_F(ElfSymbolsTest, ChoosesTheAliasThatACallerWouldWrite) {
  EXPECT_EQ(address_of("fetch"), address_of("__GI_fetch"));
  EXPECT_EQ(index_.find(address_of("__fetch")), "fetch");
}

TEST_F(ElfSymbolsTest, FindsLocalFunctions) {
  EXPECT_EQ(index_.find(address_of("local_function") + 1), "local_function");
}

TEST_F(ElfSymbolsTest, ExtendsAFunctionWithoutSizeToTheNextOne) {
  EXPECT_EQ(index_.find(address_of("sizeless_first")), "sizeless_first");
  EXPECT_EQ(index_.find(address_of("sizeless_second") - 1), "sizeless_first");
  EXPECT_EQ(index_.find(address_of("sized") - 1), "sizeless_second");
}

TEST_F(ElfSymbolsTest, EndsAFunctionAtItsSize) {
  const auto sized = address_of("sized");

  EXPECT_EQ(index_.find(sized + 1), "sized");
  EXPECT_EQ(index_.find(sized + 2), "");
  EXPECT_EQ(index_.find(sized + 20), "");
}

TEST_F(ElfSymbolsTest, FindsNothingOutsideOfTheCode) {
  EXPECT_EQ(index_.find(0), "");
  EXPECT_EQ(index_.find(~std::uint64_t{0}), "");
}

TEST_F(ElfSymbolsTest, NamesVersionedFunctions) {
  EXPECT_EQ(index_.find(address_of("new_call")).substr(0, 3), "new");
  EXPECT_EQ(index_.find(address_of("old_call")).substr(0, 3), "old");
}

}  // namespace xgops::symbolize::test
