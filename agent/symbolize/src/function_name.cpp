// SPDX-License-Identifier: MIT
// Names that compilers put into programs as text.
#include "xgops/symbolize/function_name.hpp"

#include "demangle.hpp"
#include "name_cleaner.hpp"

namespace xgops::symbolize {

namespace {

/// Longer ones are not written by people, and looking at them costs time.
constexpr std::size_t kMaxTextBytes = 16U << 10U;

/// The mangled name of the coroutine in "void f(f(int)::_Z1fi.Frame*)"; empty: none.
std::string_view mangled_coroutine(std::string_view text) {
  constexpr std::string_view kMark = "::_Z";
  constexpr std::string_view kFrame = ".Frame*)";
  const auto end = text.rfind(kFrame);
  if (end == std::string_view::npos) {
    return {};
  }
  const auto mark = text.rfind(kMark, end);
  return mark == std::string_view::npos ? std::string_view{}
                                        : text.substr(mark + 2, end - mark - 2);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// "a<b<c>>::d<e>" -> "a<...>::d<...>"
std::string without_arguments(std::string_view text) {
  std::string out;
  int depth = 0;
  for (const char c : text) {
    if (c == '>' && depth > 0 && --depth == 0) {
      out += "...";
    }
    if (depth == 0) {
      out += c;
    }
    depth += c == '<' ? 1 : 0;
  }
  return out;
}

}  // namespace

std::string readable_function(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return std::string(text.substr(0, kMaxTextBytes)) + "...";
  }
  if (const auto mangled = mangled_coroutine(text); !mangled.empty()) {
    if (std::string name = readable_symbol(mangled); name != mangled) {
      return name;
    }
  }
  // "T f(T) [with T = int]": the call says enough.
  std::string plain(text.substr(0, text.find(" [with ")));
  return readable_name(replaced(std::move(plain), "{anonymous}", "(anonymous namespace)"));
}

std::string readable_type(std::string_view mangled) {
  constexpr std::string_view kWords = "typeinfo name for ";
  std::string name = readable_symbol("_ZTS" + std::string(mangled.substr(0, kMaxTextBytes)));
  return name.starts_with(kWords) ? name.substr(kWords.size()) : std::string(mangled);
}

std::string short_type(std::string_view text, std::size_t most) {
  constexpr std::string_view kMore = "...";
  std::string name = clean_name(text.substr(0, kMaxTextBytes));
  if (name.size() > most) {
    name = without_arguments(name);
  }
  if (name.size() > most) {
    name.resize(most > kMore.size() ? most - kMore.size() : 0);
    name += kMore;
  }
  return name;
}

}  // namespace xgops::symbolize
