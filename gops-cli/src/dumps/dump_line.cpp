// SPDX-License-Identifier: MIT
#include "dumps/dump_line.hpp"

#include "support/parse.hpp"

#include <algorithm>

namespace xgops::cli {
namespace {

constexpr std::string_view kMark = "xgops-dump ";
// The agent writes less than 4 KiB a line, and at most 20 values.
constexpr std::size_t kMaxLineBytes = std::size_t{16} * 1024;

std::string_view take_word(std::string_view& rest) {
  const std::size_t begin = std::min(rest.find_first_not_of(' '), rest.size());
  const std::size_t end = std::min(rest.find(' ', begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

bool is_id(std::string_view text) {
  const std::size_t dot = text.find('.');
  return dot != std::string_view::npos && parse_integer<std::int32_t>(text.substr(0, dot)) &&
         parse_integer<std::uint32_t>(text.substr(dot + 1));
}

}  // namespace

template <class Integer>
std::optional<Integer> DumpLine::number_in(std::string_view text) {
  return text.starts_with("0x") ? parse_integer<Integer>(text.substr(2), 16)
                                : parse_integer<Integer>(text);
}
template std::optional<std::int32_t> DumpLine::number_in(std::string_view);
template std::optional<std::uint32_t> DumpLine::number_in(std::string_view);
template std::optional<std::int64_t> DumpLine::number_in(std::string_view);
template std::optional<std::uint64_t> DumpLine::number_in(std::string_view);

std::optional<DumpLine> DumpLine::parse(std::string_view line) {
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  // The last mark: what somebody printed before ours, on the same line, may quote one.
  const std::size_t at = line.rfind(kMark);
  if (at == std::string_view::npos || line.size() - at > kMaxLineBytes) {
    return std::nullopt;
  }
  std::string_view rest = line.substr(at + kMark.size());
  DumpLine parsed;
  parsed.id_ = take_word(rest);
  const auto sequence = parse_integer<std::uint64_t>(take_word(rest));
  parsed.kind_ = take_word(rest);
  if (!is_id(parsed.id_) || !sequence || *sequence == 0 || parsed.kind_.empty()) {
    return std::nullopt;
  }
  parsed.sequence_ = *sequence;
  while (!rest.empty()) {
    const std::string_view word = take_word(rest);
    const std::size_t equals = word.find('=');
    if (equals != std::string_view::npos) {
      parsed.values_.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    } else if (!word.empty()) {
      parsed.words_.push_back(word);
    }
  }
  return parsed;
}

const std::string_view* DumpLine::find(std::string_view key) const noexcept {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  return found == values_.end() ? nullptr : &found->second;
}

std::string DumpLine::text(std::string_view key) const {
  const std::string_view* const raw = find(key);
  std::string decoded;
  if (raw == nullptr) {
    return decoded;
  }
  for (std::size_t i = 0; i < raw->size(); ++i) {
    const auto byte = (*raw)[i] == '%' ? parse_integer<unsigned>(raw->substr(i + 1, 2), 16)
                                       : std::optional<unsigned>();
    if (byte && raw->size() - i > 2) {
      decoded += static_cast<char>(*byte);
      i += 2;
    } else {
      decoded += (*raw)[i];
    }
  }
  return decoded;
}

}  // namespace xgops::cli
