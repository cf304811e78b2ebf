// SPDX-License-Identifier: MIT
// Tables of default template arguments and of aliases.
#include "template_names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace xgops::symbolize {

namespace {

/// Default arguments behind `first` given ones. In them "$0" and "$1" stand for the first two.
struct Defaults {
  std::string_view name;
  std::size_t first = 0;
  std::array<std::string_view, 3> arguments;  ///< Empty: there is none.
};

constexpr std::string_view kAllocator = "std::allocator<$0>";
constexpr std::string_view kPairAllocator = "std::allocator<std::pair<$0 const, $1>>";
constexpr std::string_view kTraits = "std::char_traits<$0>";

constexpr std::array<Defaults, 36> kDefaults = {{
    {"std::basic_string", 1, {kTraits, kAllocator, ""}},
    {"std::basic_string_view", 1, {kTraits, "", ""}},
    {"std::basic_ios", 1, {kTraits, "", ""}},
    {"std::basic_istream", 1, {kTraits, "", ""}},
    {"std::basic_ostream", 1, {kTraits, "", ""}},
    {"std::basic_iostream", 1, {kTraits, "", ""}},
    {"std::basic_streambuf", 1, {kTraits, "", ""}},
    {"std::basic_filebuf", 1, {kTraits, "", ""}},
    {"std::basic_ifstream", 1, {kTraits, "", ""}},
    {"std::basic_ofstream", 1, {kTraits, "", ""}},
    {"std::basic_fstream", 1, {kTraits, "", ""}},
    {"std::basic_stringbuf", 1, {kTraits, kAllocator, ""}},
    {"std::basic_istringstream", 1, {kTraits, kAllocator, ""}},
    {"std::basic_ostringstream", 1, {kTraits, kAllocator, ""}},
    {"std::basic_stringstream", 1, {kTraits, kAllocator, ""}},
    {"std::vector", 1, {kAllocator, "", ""}},
    {"std::deque", 1, {kAllocator, "", ""}},
    {"std::list", 1, {kAllocator, "", ""}},
    {"std::forward_list", 1, {kAllocator, "", ""}},
    {"std::set", 1, {"std::less<$0>", kAllocator, ""}},
    {"std::multiset", 1, {"std::less<$0>", kAllocator, ""}},
    {"std::map", 2, {"std::less<$0>", kPairAllocator, ""}},
    {"std::multimap", 2, {"std::less<$0>", kPairAllocator, ""}},
    {"std::unordered_set", 1, {"std::hash<$0>", "std::equal_to<$0>", kAllocator}},
    {"std::unordered_multiset", 1, {"std::hash<$0>", "std::equal_to<$0>", kAllocator}},
    {"std::unordered_map", 2, {"std::hash<$0>", "std::equal_to<$0>", kPairAllocator}},
    {"std::unordered_multimap", 2, {"std::hash<$0>", "std::equal_to<$0>", kPairAllocator}},
    {"std::unique_ptr", 1, {"std::default_delete<$0>", "", ""}},
    {"std::stack", 1, {"std::deque<$0>", "", ""}},
    {"std::queue", 1, {"std::deque<$0>", "", ""}},
    {"std::priority_queue", 1, {"std::vector<$0>", "std::less<$0>", ""}},
    {"std::chrono::time_point", 1, {"std::chrono::nanoseconds", "", ""}},
    {"asio::awaitable", 1, {"asio::any_io_executor", "", ""}},
    {"asio::basic_waitable_timer", 1, {"asio::wait_traits<$0>", "asio::any_io_executor", ""}},
    {"asio::basic_stream_socket", 1, {"asio::any_io_executor", "", ""}},
    {"asio::basic_socket_acceptor", 1, {"asio::any_io_executor", "", ""}},
}};

struct Alias {
  std::string_view specialization;
  std::string_view name;
};

constexpr std::array<Alias, 30> kAliases = {{
    {"std::basic_string<char>", "std::string"},
    {"std::basic_string<wchar_t>", "std::wstring"},
    {"std::basic_string<char8_t>", "std::u8string"},
    {"std::basic_string<char16_t>", "std::u16string"},
    {"std::basic_string<char32_t>", "std::u32string"},
    {"std::basic_string_view<char>", "std::string_view"},
    {"std::basic_string_view<wchar_t>", "std::wstring_view"},
    {"std::basic_ios<char>", "std::ios"},
    {"std::basic_istream<char>", "std::istream"},
    {"std::basic_ostream<char>", "std::ostream"},
    {"std::basic_iostream<char>", "std::iostream"},
    {"std::basic_streambuf<char>", "std::streambuf"},
    {"std::basic_filebuf<char>", "std::filebuf"},
    {"std::basic_ifstream<char>", "std::ifstream"},
    {"std::basic_ofstream<char>", "std::ofstream"},
    {"std::basic_fstream<char>", "std::fstream"},
    {"std::basic_stringbuf<char>", "std::stringbuf"},
    {"std::basic_istringstream<char>", "std::istringstream"},
    {"std::basic_ostringstream<char>", "std::ostringstream"},
    {"std::basic_stringstream<char>", "std::stringstream"},
    {"std::chrono::duration<long, std::ratio<1l, 1000000000l>>", "std::chrono::nanoseconds"},
    {"std::chrono::duration<long, std::ratio<1l, 1000000l>>", "std::chrono::microseconds"},
    {"std::chrono::duration<long, std::ratio<1l, 1000l>>", "std::chrono::milliseconds"},
    {"std::chrono::duration<long, std::ratio<1l, 1l>>", "std::chrono::seconds"},
    {"std::chrono::duration<long, std::ratio<60l, 1l>>", "std::chrono::minutes"},
    {"std::chrono::duration<long, std::ratio<3600l, 1l>>", "std::chrono::hours"},
    {"asio::basic_waitable_timer<std::chrono::steady_clock>", "asio::steady_timer"},
    {"asio::basic_waitable_timer<std::chrono::system_clock>", "asio::system_timer"},
    {"asio::basic_stream_socket<asio::ip::tcp>", "asio::ip::tcp::socket"},
    {"asio::basic_socket_acceptor<asio::ip::tcp>", "asio::ip::tcp::acceptor"},
}};

constexpr std::string_view kBoost = "boost::";

std::string expanded(std::string_view pattern, const std::vector<std::string>& arguments,
                     std::string_view prefix) {
  std::string text;
  if (pattern.substr(0, 6) == "asio::") {
    text = prefix;
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '$') {
      text += arguments[static_cast<std::size_t>(pattern[++i] - '0')];
    } else {
      text += pattern[i];
    }
  }
  return text;
}

}  // namespace

void drop_default_arguments(std::string_view name, std::vector<std::string>& arguments) {
  // Asio is the same thing in and out of Boost.
  const bool in_boost = name.substr(0, kBoost.size()) == kBoost;
  const std::string_view prefix = in_boost ? kBoost : std::string_view{};
  name.remove_prefix(prefix.size());
  const auto found = std::find_if(kDefaults.begin(), kDefaults.end(),
                                  [&](const Defaults& entry) { return entry.name == name; });
  if (found == kDefaults.end() || (in_boost && name.substr(0, 6) != "asio::")) {
    return;
  }
  while (arguments.size() > found->first) {
    const std::size_t index = arguments.size() - 1 - found->first;
    if (index >= found->arguments.size() || found->arguments[index].empty() ||
        arguments.back() != expanded(found->arguments[index], arguments, prefix)) {
      return;
    }
    arguments.pop_back();
  }
}

std::string_view alias_of(std::string_view specialization) {
  const auto found = std::find_if(kAliases.begin(), kAliases.end(), [&](const Alias& alias) {
    return alias.specialization == specialization;
  });
  return found == kAliases.end() ? std::string_view{} : found->name;
}

}  // namespace xgops::symbolize
