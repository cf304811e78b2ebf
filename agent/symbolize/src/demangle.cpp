// SPDX-License-Identifier: MIT
// Demangling with a bound, and the suffixes of clones.
#include "demangle.hpp"

#include "name_cleaner.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include <cxxabi.h>

/// libstdc++'s demangler with output piece by piece. Part of its static library only, so absent
/// where the shared one is linked.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): its name.
extern "C" __attribute__((weak)) int __gcclibcxx_demangle_callback(
    const char* mangled, void (*callback)(const char*, std::size_t, void*), void* opaque);

namespace xgops::symbolize {

namespace {

/// Names of real programs stay far below; a hostile one of a hundred bytes demangles to gigabytes.
constexpr std::size_t kMaxMangledBytes = 32U << 10U;
constexpr std::size_t kMaxDemangledBytes = 256U << 10U;
constexpr std::size_t kMaxReadableBytes = 16U << 10U;

struct BoundedOutput {
  std::unique_ptr<char[]> text{new char[kMaxDemangledBytes]};
  std::size_t size = 0;
  std::jmp_buf overflow;
};

void append_bounded(const char* part, std::size_t size, void* opaque) {
  auto& output = *static_cast<BoundedOutput*>(opaque);
  if (size > kMaxDemangledBytes - output.size) {
    // The demangler cannot be told to stop. It is C and holds nothing but its stack.
    std::longjmp(output.overflow, 1);
  }
  std::memcpy(output.text.get() + output.size, part, size);
  output.size += size;
}

std::optional<std::string> demangle_bounded(const std::string& mangled) {
  BoundedOutput output;
  if (setjmp(output.overflow) != 0) {  // NOLINT(cert-err52-cpp): see append_bounded.
    return std::nullopt;
  }
  if (__gcclibcxx_demangle_callback(mangled.c_str(), append_bounded, &output) != 0) {
    return std::nullopt;
  }
  return std::string(output.text.get(), output.size);
}

std::optional<std::string> demangle(const std::string& mangled) {
  if (mangled.size() > kMaxMangledBytes) {
    return std::nullopt;
  }
  if (__gcclibcxx_demangle_callback != nullptr) {
    return demangle_bounded(mangled);
  }
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  if (text == nullptr || status != 0) {
    return std::nullopt;
  }
  return std::string(text.get());
}

bool looks_mangled(std::string_view symbol) {
  return symbol.substr(0, 2) == "_Z" || symbol.substr(0, 8) == "_GLOBAL_";
}

/// What a suffix that the compiler gave to a copy of a function means to a reader.
struct CloneSuffix {
  std::string_view word;
  std::string_view shown;  ///< Empty: nothing that a reader of a stack needs to know.
};
constexpr std::array<CloneSuffix, 11> kCloneSuffixes = {{
    {"cold", ""},
    {"lto_priv", ""},
    {"localalias", ""},
    {"llvm", ""},
    {"__uniq", ""},
    {"part", "[part]"},
    {"isra", "[isra]"},
    {"constprop", "[constprop]"},
    {"actor", "[coroutine]"},
    {"resume", "[coroutine]"},
    {"destroy", "[coroutine destroy]"},
}};

/// Appends what `suffix`, such as ".isra.0.cold", says.
void append_clone(std::string& name, std::string_view suffix) {
  while (!suffix.empty()) {
    suffix.remove_prefix(1);  // The dot.
    const auto end = std::min(suffix.find('.'), suffix.size());
    const auto word = suffix.substr(0, end);
    suffix.remove_prefix(end);
    if (word.empty() || word.find_first_not_of("0123456789") == std::string_view::npos) {
      continue;
    }
    std::string shown = "[" + std::string(word) + "]";
    for (const auto& known : kCloneSuffixes) {
      if (known.word == word) {
        shown = known.shown;
      }
    }
    if (!shown.empty() && name.find(shown) == std::string::npos) {
      name += " " + shown;
    }
  }
}

/// GCC gives the parts of a coroutine `f(int)` the name `f(f(int)::_Z1fi.Frame*)`. Returns
/// `f(int)`, or `name` when it is none of those.
std::string coroutine_of(std::string name) {
  constexpr std::string_view kFrame = ".Frame*)";
  if (name.size() < kFrame.size() ||
      name.compare(name.size() - kFrame.size(), kFrame.size(), kFrame) != 0) {
    return name;
  }
  const auto mangled = name.rfind("::_Z");
  std::size_t open = name.size() - 1;
  for (int depth = 1; depth > 0 && open > 0;) {
    --open;
    depth += name[open] == ')' ? 1 : (name[open] == '(' ? -1 : 0);
  }
  return mangled == std::string::npos || mangled <= open
             ? name
             : name.substr(open + 1, mangled - open - 1);
}

/// Replaces " [clone .isra.0] [clone .cold]" at the end by what it says.
std::string with_short_clones(std::string name) {
  constexpr std::string_view kClone = " [clone ";
  const auto first = name.find(kClone);
  if (first == std::string::npos) {
    return name;
  }
  std::string suffixes;
  for (auto at = first, end = first; at != std::string::npos; at = name.find(kClone, end)) {
    const auto begin = at + kClone.size();
    end = name.find(']', begin);
    if (end == std::string::npos) {
      return name;
    }
    suffixes += name.substr(begin, end - begin);
  }
  if (!suffixes.starts_with('.')) {
    return name;
  }
  name.resize(first);
  name = coroutine_of(std::move(name));
  append_clone(name, suffixes);
  return name;
}

/// Where the suffix of a clone begins in a name of C, as in `lookup.constprop.0`.
std::size_t clone_suffix_at(std::string_view symbol) {
  for (const auto& known : kCloneSuffixes) {
    const std::string dotted = "." + std::string(known.word);
    const auto at = symbol.find(dotted);
    if (at != std::string_view::npos && at > 0 &&
        (at + dotted.size() == symbol.size() || symbol[at + dotted.size()] == '.')) {
      return std::min(at, symbol.find('.', 1));
    }
  }
  return symbol.size();
}

}  // namespace

std::string readable_symbol(std::string_view symbol) {
  symbol = symbol.substr(0, symbol.find('@'));
  std::string mangled(symbol);
  if (!looks_mangled(symbol)) {
    const auto suffix = clone_suffix_at(symbol);
    std::string name(symbol.substr(0, suffix));
    append_clone(name, symbol.substr(suffix));
    return name;
  }
  if (const auto name = demangle(mangled)) {
    return readable_name(*name);
  }
  // Not every suffix is known to the demangler.
  const auto dot = symbol.rfind('.', symbol.size() - 1);
  if (dot != std::string_view::npos && dot > 2) {
    std::string_view stem = symbol;
    for (auto at = dot; at != std::string_view::npos && at > 2; at = stem.rfind('.')) {
      stem = symbol.substr(0, at);
      if (auto name = demangle(std::string(stem))) {
        std::string readable = readable_name(*name);
        append_clone(readable, symbol.substr(at));
        return readable;
      }
    }
  }
  return mangled;
}

std::string readable_name(const std::string& demangled) {
  std::string name = with_short_clones(clean_name(demangled));
  if (name.size() > kMaxReadableBytes) {
    name.resize(kMaxReadableBytes);
    name += "...";
  }
  return name;
}

}  // namespace xgops::symbolize
