// SPDX-License-Identifier: MIT
// Names as people write them.
#include "demangle.hpp"

#include "name_cleaner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace xgops::symbolize {

TEST(ReadableSymbolTest, DemanglesAndKeepsParameters) {
  EXPECT_EQ(readable_symbol("_ZN3foo3barEiPKc"), "foo::bar(int, char const*)");
}

TEST(ReadableSymbolTest, KeepsNamesThatAreNotMangled) {
  EXPECT_EQ(readable_symbol("main"), "main");
  EXPECT_EQ(readable_symbol("_start"), "_start");
  EXPECT_EQ(readable_symbol("_Znonsense"), "_Znonsense");
  EXPECT_EQ(readable_symbol(""), "");
}

TEST(ReadableSymbolTest, DropsVersions) {
  EXPECT_EQ(readable_symbol("pthread_cond_wait@@GLIBC_2.3.2"), "pthread_cond_wait");
  EXPECT_EQ(readable_symbol("pthread_cond_wait@GLIBC_2.2.5"), "pthread_cond_wait");
  EXPECT_EQ(readable_symbol("_ZSt9terminatev@@GLIBCXX_3.4"), "std::terminate()");
}

// Each mark repeated what followed it: a name of 32 KiB could become one of 64 MiB.
TEST(ReadableNameTest, DoesNotGrowByMarksOfClonesWithoutAnEnd) {
  std::string name = "f()";
  for (int i = 0; i < 1000; ++i) {
    name += " [clone .a";
  }
  name += "]";

  EXPECT_LE(readable_name(name).size(), 2 * name.size());
  EXPECT_EQ(readable_name("f() [clone ]"), "f() [clone ]");
}

TEST(ReadableSymbolTest, SaysOnlyWhatMattersAboutClones) {
  EXPECT_EQ(readable_symbol("_Z3fooi.cold"), "foo(int)");
  EXPECT_EQ(readable_symbol("_Z3fooi.isra.0"), "foo(int) [isra]");
  EXPECT_EQ(readable_symbol("_Z3fooi.part.0.isra.1.cold"), "foo(int) [part] [isra]");
  EXPECT_EQ(readable_symbol("_ZL3fooi.lto_priv.0"), "foo(int)");
  EXPECT_EQ(readable_symbol("_Z3fooi.llvm.1234567890"), "foo(int)");
  EXPECT_EQ(readable_symbol("lookup.constprop.0"), "lookup [constprop]");
  EXPECT_EQ(readable_symbol("lookup.cold"), "lookup");
  EXPECT_EQ(readable_symbol("main._omp_fn.0"), "main._omp_fn.0");
  EXPECT_EQ(readable_symbol("_Z3fooi._omp_fn.0"), "foo(int) [_omp_fn]");
}

TEST(ReadableSymbolTest, NamesCoroutinesAfterTheirFunction) {
  // As GCC 12 writes `task echo(int)`, and clang and GCC 13.
  EXPECT_EQ(readable_symbol("_Z4echoPZ4echoiE14_Z4echoi.Frame.actor"), "echo(int) [coroutine]");
  EXPECT_EQ(readable_symbol("_Z4echoPZ4echoiE14_Z4echoi.Frame.destroy"),
            "echo(int) [coroutine destroy]");
  EXPECT_EQ(readable_symbol("_Z4echoi.resume"), "echo(int) [coroutine]");
  EXPECT_EQ(readable_symbol("_Z4echoi.actor"), "echo(int) [coroutine]");
}

TEST(ReadableSymbolTest, StopsAtANameThatGrowsWithoutBound) {
  // f(A<int, int>, A<S, S>, A<S, S>...), where each S is the parameter before: twice as long each.
  const std::string digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string name = "_Z1f1AIiiE";
  EXPECT_EQ(readable_symbol(name), "f(A<int, int>)");
  for (const char digit : digits) {
    name += std::string("S_IS") + digit + "_S" + digit + "_E";
  }

  EXPECT_EQ(readable_symbol(name), name);
}

TEST(ReadableSymbolTest, LeavesNamesOfUnlikelyLengthAlone) {
  const std::string name = "_Z1f" + std::string(100'000, 'P') + "i";

  EXPECT_EQ(readable_symbol(name), name);
}

struct Cleaning {
  std::string before;
  std::string after;
};

class CleanNameTest : public testing::TestWithParam<Cleaning> {};

TEST_P(CleanNameTest, Shortens) {
  EXPECT_EQ(clean_name(GetParam().before), GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Names, CleanNameTest,
    testing::Values(
        Cleaning{"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
                 "std::string"},
        Cleaning{
            "f(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > "
            "const&)",
            "f(std::string const&)"},
        Cleaning{"std::__1::basic_string<char, std::__1::char_traits<char>, "
                 "std::__1::allocator<char> >",
                 "std::string"},
        Cleaning{"std::basic_string_view<char, std::char_traits<char> >", "std::string_view"},
        Cleaning{"std::vector<int, std::allocator<int> >::push_back(int&&)",
                 "std::vector<int>::push_back(int&&)"},
        Cleaning{"std::vector<int, my::allocator<int> >::size()",
                 "std::vector<int, my::allocator<int>>::size()"},
        Cleaning{"std::map<std::__cxx11::basic_string<char, std::char_traits<char>, "
                 "std::allocator<char> >, int, std::less<std::__cxx11::basic_string<char, "
                 "std::char_traits<char>, std::allocator<char> > >, "
                 "std::allocator<std::pair<std::__cxx11::basic_string<char, "
                 "std::char_traits<char>, std::allocator<char> > const, int> > >::at(int)",
                 "std::map<std::string, int>::at(int)"},
        Cleaning{"std::map<int, int, Compare, std::allocator<std::pair<int const, int> > >",
                 "std::map<int, int, Compare>"},
        Cleaning{"std::unordered_map<int, long, std::hash<int>, std::equal_to<int>, "
                 "std::allocator<std::pair<int const, long> > >",
                 "std::unordered_map<int, long>"},
        Cleaning{"std::unique_ptr<Foo, std::default_delete<Foo> >", "std::unique_ptr<Foo>"},
        Cleaning{"std::queue<int, std::deque<int, std::allocator<int> > >", "std::queue<int>"},
        Cleaning{"wait(std::chrono::duration<long, std::ratio<1l, 1000l> > const&)",
                 "wait(std::chrono::milliseconds const&)"},
        Cleaning{"std::this_thread::sleep_until(std::chrono::time_point<std::chrono::_V2::"
                 "steady_clock, std::chrono::duration<long, std::ratio<1l, 1000000000l> > >)",
                 "std::this_thread::sleep_until(std::chrono::time_point<std::chrono::"
                 "steady_clock>)"},
        Cleaning{"asio::awaitable<void, asio::any_io_executor>", "asio::awaitable<void>"},
        Cleaning{"boost::asio::awaitable<int, boost::asio::any_io_executor>",
                 "boost::asio::awaitable<int>"},
        Cleaning{"asio::basic_waitable_timer<std::chrono::_V2::steady_clock, "
                 "asio::wait_traits<std::chrono::_V2::steady_clock>, asio::any_io_executor>",
                 "asio::steady_timer"},
        Cleaning{"to_string[abi:cxx11](int)", "to_string(int)"},
        Cleaning{"(anonymous namespace)::run(int)", "(anonymous namespace)::run(int)"},
        Cleaning{"main::{lambda(int)#1}::operator()(int) const",
                 "main::{lambda(int)#1}::operator()(int) const"},
        Cleaning{"f<main()::<lambda(std::pair<int, int>)> >",
                 "f<main()::{lambda(std::pair<int, int>)}>"}));

INSTANTIATE_TEST_SUITE_P(
    ReturnTypes, CleanNameTest,
    testing::Values(
        Cleaning{"void ns::run<int>(int)", "ns::run<int>(int)"},
        Cleaning{
            "std::map<int, long, std::less<int>, std::allocator<std::pair<int const, long> > >& "
            "ns::run<int>(int) const",
            "ns::run<int>(int) const"},
        Cleaning{"unsigned long (anonymous namespace)::count<int>(int)",
                 "(anonymous namespace)::count<int>(int)"},
        Cleaning{"auto f<int>(int)::{lambda(auto:1)#1}::operator()<int>(int) const",
                 "f<int>(int)::{lambda(auto:1)#1}::operator()<int>(int) const"},
        Cleaning{"Foo::operator bool() const", "Foo::operator bool() const"},
        Cleaning{"operator new(unsigned long)", "operator new(unsigned long)"},
        Cleaning{"bool operator< <int>(Foo<int> const&, Foo<int> const&)",
                 "operator< <int>(Foo<int> const&, Foo<int> const&)"},
        Cleaning{"std::ostream& std::operator<< <std::char_traits<char> >(std::ostream&, char)",
                 "std::operator<< <std::char_traits<char>>(std::ostream&, char)"},
        Cleaning{"Pointer::operator->() const", "Pointer::operator->() const"},
        Cleaning{"A::operator<=>(A const&) const", "A::operator<=>(A const&) const"},
        Cleaning{"non-virtual thunk to Foo::bar(int)", "non-virtual thunk to Foo::bar(int)"},
        Cleaning{"void (*pick<int>(int))(char)", "void (*pick<int>(int))(char)"},
        Cleaning{"decltype(auto) f<int>(int)", "decltype(auto) f<int>(int)"},
        Cleaning{"plain_function", "plain_function"},
        Cleaning{"Foo<(4 > 2)>::bar()", "Foo<(4 > 2)>::bar()"},
        Cleaning{"broken<int", "broken<int"}, Cleaning{"broken)", "broken)"},
        Cleaning{std::string(500, '('), std::string(500, '(')}, Cleaning{"", ""}));

}  // namespace xgops::symbolize
