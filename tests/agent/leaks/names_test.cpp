// SPDX-License-Identifier: MIT
// What functions are called in reports, and which patterns fit them.
#include "leaks/names.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace xgops::leaks {
namespace {

TEST(ShortFunctionTest, LeavesReturnTypesParametersAndTemplateListsOut) {
  EXPECT_EQ(short_function("main"), "main");
  EXPECT_EQ(short_function("consume(int)"), "consume");
  EXPECT_EQ(short_function("asio::awaitable<void> ns::serve(std::function<void (int)>)"),
            "ns::serve");
  EXPECT_EQ(short_function("Task<T> drain(Channel<T>&) [with T = std::pair<int, int>]"), "drain");
  EXPECT_EQ(short_function("void ns::Box<std::vector<int> >::put(int) const"),
            "ns::Box<std::vector<int> >::put");
  EXPECT_EQ(short_function("xgops::test::(anonymous namespace)::wait(int)"),
            "xgops::test::(anonymous namespace)::wait");
}

TEST(ShortFunctionTest, KeepsOperatorsAndLambdas) {
  EXPECT_EQ(short_function("bool ns::A::operator()(int) const"), "ns::A::operator()");
  EXPECT_EQ(short_function("main()::<lambda(int)>"), "main()::<lambda(int)>");
  EXPECT_EQ(short_function("bool operator<(A const&, A const&)"), "operator<");
  EXPECT_EQ(short_function("test()::{lambda()#1}::operator()() const"),
            "test()::{lambda()#1}::operator()");
}

TEST(ShortFunctionTest, SurvivesWhatIsNoName) {
  for (const char* name : {"", "(", ")", "<<<", "operator", "a(b", "a(b)::", "((((", "operator("}) {
    (void)short_function(name);
  }
}

TEST(MatchesTest, KnowsStarsAndQuestionMarks) {
  EXPECT_TRUE(matches("ns::serve", "ns::serve"));
  EXPECT_FALSE(matches("ns::serve", "ns::server"));
  EXPECT_FALSE(matches("serve", "ns::serve"));
  EXPECT_TRUE(matches("*serve", "ns::serve"));
  EXPECT_TRUE(matches("ns::*", "ns::serve"));
  EXPECT_TRUE(matches("n?::s*e", "ns::serve"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(matches("a*b*c", "aXbYbZ"));
  EXPECT_FALSE(matches("", "a"));
}

TEST(NamesTest, KnowsWhereAnAddressIs) {
  Names names;

  const auto address = reinterpret_cast<std::uint64_t>(&short_function);
  const std::vector<Frame>& frames = names.address(address, true);

  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().function, "xgops::leaks::short_function");
  EXPECT_TRUE(frames.back().file.ends_with("names.cpp"));
  EXPECT_EQ(&names.address(address, true), &frames) << "it was not looked up again";
}

TEST(NamesTest, HasSomethingForAddressesThatAreNowhere) {
  Names names;

  EXPECT_EQ(names.address(0, true).size(), 1U);
  EXPECT_EQ(names.address(~std::uint64_t{0}, false).size(), 1U);
}

}  // namespace
}  // namespace xgops::leaks
