// SPDX-License-Identifier: MIT
// Names that compilers put into programs as text.
#include "xgops/symbolize/function_name.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace xgops::symbolize {
namespace {

struct Naming {
  std::string text;
  std::string name;
};

TEST(ReadableFunctionTest, NamesTheCoroutineThatGccHidesInItsHelper) {
  // As std::source_location::function_name() of GCC 12.2 writes them in bodies of coroutines.
  const std::vector<Naming> kNamings{
      {"void echo(echo(int)::_Z4echoi.Frame*)", "echo(int)"},
      {"void hidden(hidden(const std::string&, std::vector<int>)::_ZL6hiddenRKNSt7__cxx1112basic_"
       "stringIcSt11char_traitsIcESaIcEEESt6vectorIiSaIiEE.Frame*)",
       "hidden(std::string const&, std::vector<int>)"},
      {"void {anonymous}::anon(anon()::_ZN12_GLOBAL__N_14anonEv.Frame*)",
       "(anonymous namespace)::anon()"},
      {"void app::Server::serve(app::Server::serve() const::_ZNK3app6Server5serveEv.Frame*)",
       "app::Server::serve() const"},
      {"void app::Server::operator()(app::Server::operator()(int)::_ZN3app6ServerclEi.Frame*)",
       "app::Server::operator()(int)"},
      {"void app::Server::get(app::Server::get<double>(double)::_ZN3app6Server3getIdEEN3lib9"
       "awaitableIT_iEES4_.Frame*)",
       "app::Server::get<double>(double)"},
      {"void app::Box<std::__cxx11::basic_string<char> >::run(app::Box<std::__cxx11::basic_string<"
       "char> >::run(std::__cxx11::basic_string<char>)::_ZN3app3BoxINSt7__cxx1112basic_stringIcSt11"
       "char_traitsIcESaIcEEEE3runES6_.Frame*)",
       "app::Box<std::string>::run(std::string)"},
      {"void main()::<lambda(int)>::operator()(main()::<lambda(int)>::_ZZ4mainENKUliE_clEi.Frame*)",
       "main::{lambda(int)#1}::operator()(int) const"},
      {"void main()::<lambda(auto:11)>::operator()(main()::<lambda(auto:11)>::_ZZ4mainENKUlT_E2_"
       "clIiEEN3lib9awaitableIviEES_.Frame*)",
       "main::{lambda(auto:1)#4}::operator()<int>(int) const"}};
  for (const Naming& naming : kNamings) {
    EXPECT_EQ(readable_function(naming.text), naming.name) << naming.text;
  }
}

TEST(ReadableFunctionTest, CleansOtherFunctions) {
  EXPECT_EQ(readable_function("void plain(int)"), "plain(int)");
  EXPECT_EQ(readable_function("int main(int, char**)"), "main(int, char**)");
  EXPECT_EQ(readable_function("void pick(T) [with T = std::__cxx11::basic_string<char>]"),
            "pick(T)");
  EXPECT_EQ(readable_function("void {anonymous}::anon()"), "(anonymous namespace)::anon()");
  EXPECT_EQ(readable_function("main()::<lambda()>"), "main()::{lambda()}");
}

TEST(ReadableFunctionTest, LeavesPlainNamesAlone) {
  // As __builtin_FUNCTION() of GCC 12 and of clang 14 writes them.
  for (const std::string name : {"echo", "serve", "operator()", ""}) {
    EXPECT_EQ(readable_function(name), name);
  }
}

TEST(ReadableFunctionTest, CopesWithTextThatIsNoName) {
  EXPECT_EQ(readable_function("::_Znonsense.Frame*)"), "::_Znonsense.Frame*)");
  EXPECT_EQ(readable_function(".Frame*)::_Z"), ".Frame*)::_Z");
  EXPECT_EQ(readable_function("((((<<<<"), "((((<<<<");
  EXPECT_LT(readable_function(std::string(1 << 20, 'f')).size(), std::size_t{20'000});
}

TEST(ShortTypeTest, LeavesOutArgumentsBeforeTheEnd) {
  EXPECT_EQ(short_type("asio::detail::op<std::allocator<void> >", 60),
            "asio::detail::op<std::allocator<void>>");
  EXPECT_EQ(short_type("asio::detail::op<std::allocator<void> >::next<int>", 30),
            "asio::detail::op<...>::next...");
  EXPECT_EQ(short_type("op<std::allocator<void>>::next<int>", 30), "op<...>::next<...>");
  EXPECT_EQ(short_type(std::string(100, 'x'), 10), "xxxxxxx...");
}

}  // namespace
}  // namespace xgops::symbolize
