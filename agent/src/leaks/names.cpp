// SPDX-License-Identifier: MIT
#include "leaks/names.hpp"

#include "xgops/leak_check_abi.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <cxxabi.h>
#include <dlfcn.h>

namespace xgops::leaks {
namespace {

constinit std::atomic<xgops_leak_namer> g_namer{nullptr};

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 && text != nullptr ? text.get() : name;
}

/// What the loader knows: exported functions only.
Frame loader_name(std::uint64_t address) {
  Dl_info info{};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address is what there is.
  if (::dladdr(reinterpret_cast<const void*>(address), &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  if (info.dli_sname != nullptr) {
    return {short_function(demangled(info.dli_sname)), "", 0};
  }
  const std::string_view path(info.dli_fname);
  char offset[32];
  std::snprintf(
      offset, sizeof offset, "+0x%llx",
      static_cast<unsigned long long>(address - reinterpret_cast<std::uint64_t>(info.dli_fbase)));
  return {std::string(path.substr(path.rfind('/') + 1)) + offset, "", 0};
}

/// The index behind the bracket that closes the one at `begin`.
std::size_t closed(std::string_view name, std::size_t begin) {
  int depth = 0;
  for (std::size_t i = begin; i < name.size(); ++i) {
    depth += name[i] == '(' ? 1 : 0;
    depth -= name[i] == ')' ? 1 : 0;
    if (depth == 0) {
      return i + 1;
    }
  }
  return name.size();
}

}  // namespace

std::string short_function(std::string_view name) {
  constexpr std::string_view kAnonymous = "(anonymous namespace)";
  constexpr std::string_view kOperator = "operator";
  name = name.substr(0, name.find(" [with "));
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::string_view rest = name.substr(i);
    if (rest.starts_with(kOperator) && i + kOperator.size() < name.size()) {
      // Its own brackets are part of the name: operator(), operator<, operator->.
      i += kOperator.size();
      while (i < name.size() && name[i] != '(') {
        ++i;
      }
      if (name.substr(i).starts_with("()")) {
        i += 1;
      } else {
        --i;
      }
      continue;
    }
    // Clang writes {lambda(int)#1} for GCC's <lambda(int)>.
    depth += name[i] == '<' || name[i] == '{' ? 1 : 0;
    depth -= (name[i] == '>' || name[i] == '}') && depth > 0 ? 1 : 0;
    if (depth > 0) {
      continue;
    }
    if (rest.starts_with(kAnonymous)) {
      i += kAnonymous.size() - 1;
    } else if (name[i] == ' ') {
      begin = i + 1;
    } else if (name[i] == '(') {
      const std::size_t end = closed(name, i);
      if (!name.substr(end).starts_with("::")) {
        return std::string(name.substr(begin, i - begin));
      }
      i = end - 1;  // A lambda, or a class within a function.
    }
  }
  return std::string(name.substr(begin));
}

// With a retry at the last star instead of recursion: linear in memory, quadratic at worst.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

const Frame& Names::place(std::uint64_t location, std::uint64_t function) {
  const auto [entry, is_new] = places_.try_emplace(location);
  if (is_new) {
    tasks::SourcePlace place = tasks::place_at(location, function);
    entry->second = {short_function(place.function), std::move(place.file), place.line};
  }
  return entry->second;
}

const std::vector<Frame>& Names::address(std::uint64_t address, bool exact) {
  const auto [entry, is_new] = addresses_.try_emplace(address);
  std::vector<Frame>& frames = entry->second;
  if (!is_new) {
    return frames;
  }
  if (wanted_ == Addresses::kBare) {
    frames.push_back({"", "", 0, address, exact});
    return frames;
  }
  if (const xgops_leak_namer namer = g_namer.load(std::memory_order_acquire)) {
    namer(
        address, exact ? 1 : 0,
        [](void* context, const xgops_leak_frame* frame) {
          static_cast<std::vector<Frame>*>(context)->push_back(
              {short_function(frame->function), frame->file, frame->line});
        },
        &frames);
  }
  if (frames.empty() || frames.back().function.empty()) {
    frames.clear();
    // A return address is behind the call, perhaps behind its function.
    frames.push_back(loader_name(exact ? address : address - 1));
  }
  return frames;
}

}  // namespace xgops::leaks

extern "C" [[gnu::visibility("default")]] void xgops_leak_set_namer(xgops_leak_namer namer) {
  xgops::leaks::g_namer.store(namer, std::memory_order_release);
}
