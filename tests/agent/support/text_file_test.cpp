// SPDX-License-Identifier: MIT
// Reading small text files, again and again.
#include "support/text_file.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace xgops::support {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

/// A directory known by descriptor, or by its path only.
class TextFileTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    directory_.path = temporary_.path();
    if (GetParam()) {
      auto opened = open_directory(temporary_.path());
      ASSERT_TRUE(opened);
      directory_ = std::move(*opened);
    }
  }

  test::TempDir temporary_;
  Directory directory_;
};

TEST_P(TextFileTest, SeesWhatIsThereNow) {
  TextFile file(directory_, "value");
  write(temporary_.path() / "value", "first");
  ASSERT_TRUE(file.read());
  EXPECT_EQ(file.read().value(), "first");

  write(temporary_.path() / "value", "2");

  EXPECT_EQ(file.read().value(), "2");
}

TEST_P(TextFileTest, AppearsLate) {
  TextFile file(directory_, "value");
  const auto missing = file.read();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(missing.error().context, temporary_.path().string() + "/value");

  write(temporary_.path() / "value", "here");

  EXPECT_EQ(file.read().value(), "here");
}

TEST_P(TextFileTest, ReadsUpToItsLimit) {
  const std::string half(kMaxTextBytes / 2, 'x');
  write(temporary_.path() / "half", half);
  write(temporary_.path() / "large", std::string(2 * kMaxTextBytes, 'x'));

  EXPECT_EQ(read_text(directory_, "half").value(), half);
  EXPECT_GE(read_text(directory_, "large").value().size(), kMaxTextBytes);
  EXPECT_LE(read_text(directory_, "large").value().size(), 2 * kMaxTextBytes);
}

TEST_P(TextFileTest, IsNoDirectory) {
  std::filesystem::create_directory(temporary_.path() / "folder");

  const auto text = read_text(directory_, "folder");

  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, std::errc::is_a_directory);
}

INSTANTIATE_TEST_SUITE_P(Directory, TextFileTest, testing::Bool(), [](const auto& instance) {
  return instance.param ? "ByDescriptor" : "ByPath";
});

TEST(OpenDirectoryTest, OfNothingFails) {
  const auto directory = open_directory("/no/such/directory");

  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().context, "/no/such/directory");
}

}  // namespace
}  // namespace xgops::support
