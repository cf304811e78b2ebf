// SPDX-License-Identifier: MIT
// PROTOCOL.md says what the headers say: limits, enumerations, and the fields of every struct.
#include "message_cases.hpp"
#include "source_text.hpp"
#include "xgops/protocol/errc.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace xgops::test {
namespace {

std::string document() {
  return read_source("protocol/PROTOCOL.md");
}

std::string in_backquotes(const std::string& name) {
  return "`" + name + "`";
}

TEST(ProtocolDocumentTest, NamesEveryLimitWithItsValueAndNoOther) {
  std::vector<NamedValue> limits;
  for (const char* header : {"header.hpp", "endpoint.hpp"}) {
    const auto constants =
        constants_of(read_source(std::string("protocol/include/xgops/protocol/") + header));
    limits.insert(limits.end(), constants.begin(), constants.end());
  }
  std::map<std::string, std::string> documented;
  for (const auto& row : document_table(document(), "Limits")) {
    ASSERT_GE(row.size(), 2U);
    documented[row[0]] = row[1];
  }

  EXPECT_GE(limits.size(), 16U);
  for (const NamedValue& limit : limits) {
    EXPECT_EQ(documented[limit.name], std::to_string(limit.value)) << limit.name;
    documented.erase(limit.name);
  }
  for (const auto& [name, value] : documented) {
    ADD_FAILURE() << name << " = " << value << " is in PROTOCOL.md only";
  }
}

TEST(ProtocolDocumentTest, ListsEveryEnumerator) {
  EXPECT_GE(all_enumerations().size(), 9U);
  for (const auto& [name, enumerators] : all_enumerations()) {
    std::vector<NamedValue> documented;
    for (const auto& row : document_table(document(), in_backquotes(name))) {
      ASSERT_GE(row.size(), 2U) << name;
      documented.push_back({row[1], std::stoull(row[0])});
    }
    EXPECT_TRUE(documented == enumerators)
        << "the table of " << name << " in PROTOCOL.md differs from the enumeration";
  }
}

TEST(ProtocolDocumentTest, HasTheSentenceOfEveryError) {
  const auto rows = document_table(document(), in_backquotes("Errc"));
  EXPECT_FALSE(rows.empty());
  for (const auto& row : rows) {
    ASSERT_GE(row.size(), 3U);
    EXPECT_EQ(row[2], protocol::error_category().message(std::stoi(row[0]))) << row[1];
  }
}

TEST(ProtocolDocumentTest, ListsTheFieldsOfEveryStructInWireOrder) {
  std::map<std::string, StructShape> shapes;
  for (const MessageCase& message : message_cases()) {
    shapes.insert(message.annotation.shapes().begin(), message.annotation.shapes().end());
  }
  EXPECT_GE(shapes.size(), 18U);
  for (const auto& [name, shape] : shapes) {
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < shape.wire_types.size(); ++i) {
      expected.push_back(all_serialized_fields().at(name).at(i) + ": " + shape.wire_types[i]);
    }
    std::vector<std::string> documented;
    for (const auto& row : document_table(document(), in_backquotes(name))) {
      ASSERT_GE(row.size(), 2U) << name;
      documented.push_back(row[0] + ": " + row[1]);
    }
    EXPECT_EQ(documented, expected) << "the table of " << name << " in PROTOCOL.md";
  }
}

TEST(SourceTextTest, ReadsConstantsEnumerationsAndFields) {
  constexpr const char* kHeader = R"(
/// kComment = 9;
inline constexpr std::uint32_t kProduct = 4 * 1'024;
inline constexpr std::chrono::seconds kBraced{30};
inline constexpr std::array<int, 2> kNoNumber{1, 2};
enum class Kind : std::uint8_t {
  kFirst = 3,  // Why.
  kSecond,
  kLast = kSecond,
};
struct Outer {
  struct Inner {
    void serialize(Archive& archive) { archive(one, two); }
  };
  void serialize(Archive& archive) {
    archive(three);
  }
};
)";
  const std::vector<NamedValue> constants{{"kProduct", 4096}, {"kBraced", 30}};
  const std::map<std::string, std::vector<NamedValue>> enumerations{
      {"Kind", {{"kFirst", 3}, {"kSecond", 4}}}};
  const std::map<std::string, std::vector<std::string>> fields{{"Outer", {"three"}},
                                                               {"Outer::Inner", {"one", "two"}}};

  EXPECT_EQ(constants_of(kHeader), constants);
  EXPECT_EQ(enumerations_of(kHeader), enumerations);
  EXPECT_EQ(serialized_fields_of(kHeader), fields);
}

TEST(SourceTextTest, ReadsTheFirstTableBelowAHeading) {
  constexpr const char* kDocument =
      "# `A`\ntext\n| x | y |\n|---|---|\n| `a` | 1 |\n\n# `B`\nnone\n# C\n";
  const std::vector<std::vector<std::string>> table{{"a", "1"}};

  EXPECT_EQ(document_table(kDocument, "`A`"), table);
  EXPECT_TRUE(document_table(kDocument, "`B`").empty());
  EXPECT_TRUE(document_table(kDocument, "`D`").empty());
}

}  // namespace
}  // namespace xgops::test
