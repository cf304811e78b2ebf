// SPDX-License-Identifier: MIT
// Tests of the error category.
#include "xgops/protocol/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace xgops::protocol {
namespace {

constexpr int kLargestValue = static_cast<int>(Errc::kUnexpectedMessage);

TEST(ErrcTest, HasASentenceOfItsOwnForEveryValue) {
  std::set<std::string> sentences;
  for (int value = 0; value <= kLargestValue; ++value) {
    const std::string sentence = error_category().message(value);

    EXPECT_EQ(sentence.find("unknown error"), std::string::npos) << value;
    EXPECT_TRUE(sentences.insert(sentence).second) << sentence;
  }
}

TEST(ErrcTest, NamesTheNumberOfAValueThatOnlyNewerPeersKnow) {
  EXPECT_EQ(error_category().message(kLargestValue + 1),
            "unknown error " + std::to_string(kLargestValue + 1));
  EXPECT_EQ(error_category().message(-1), "unknown error -1");
}

TEST(ErrcTest, ConvertsToAnErrorCodeOfItsCategory) {
  const std::error_code code = Errc::kBusy;

  EXPECT_EQ(code, Errc::kBusy);
  EXPECT_NE(code, Errc::kNotFound);
  EXPECT_EQ(code.category(), error_category());
  EXPECT_STREQ(code.category().name(), "xgops");
  EXPECT_FALSE(make_error_code(Errc::kOk));
}

}  // namespace
}  // namespace xgops::protocol
