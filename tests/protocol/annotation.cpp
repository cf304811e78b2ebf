// SPDX-License-Identifier: MIT
// The part of the annotator that does not depend on the message.
#include "annotation.hpp"

#include "source_text.hpp"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <cxxabi.h>

namespace xgops::test {

std::string short_type_name(const std::type_info& type) {
  constexpr std::string_view kNamespace = "xgops::protocol::";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  std::string name = status == 0 ? demangled.get() : type.name();
  if (name.starts_with(kNamespace)) {
    name.erase(0, kNamespace.size());
  }
  return name;
}

std::string snake_case(std::string_view type_name) {
  std::string result;
  for (const char c : type_name) {
    const bool is_upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    if ((is_upper || c == ':') && !result.empty() && result.back() != '_') {
      result += '_';
    }
    if (c != ':') {
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return result;
}

std::string escaped(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      result += c;
    } else {
      result += "\\x";
      result += kDigits[byte / 16U];
      result += kDigits[byte % 16U];
    }
  }
  return result;
}

void Annotator::add(FieldKind kind, std::size_t size, std::string note) {
  AnnotatedField field;
  field.kind = kind;
  field.offset = bytes_.size();
  field.size = size;
  field.depth = scopes_.size();
  field.note = std::move(note);
  fields_.push_back(std::move(field));
}

void Annotator::number(FieldKind kind, std::uint64_t value, std::size_t size, std::string note) {
  add(kind, size, std::move(note));
  for (; size > 0; --size) {
    bytes_.push_back(static_cast<std::byte>(value % 256));
    value /= 256;
  }
}

void Annotator::count(std::size_t elements, const std::string& name) {
  number(FieldKind::kCount, elements, 4, name + ": count " + std::to_string(elements));
}

void Annotator::raw(const void* data, std::size_t size, std::string note) {
  if (size == 0) {
    return;
  }
  add(FieldKind::kBytes, size, std::move(note));
  const std::size_t start = bytes_.size();
  bytes_.resize(start + size);
  std::memcpy(&bytes_[start], data, size);
}

std::string Annotator::field_name(const std::string& owner, std::size_t index) {
  const auto found = all_serialized_fields().find(owner);
  return found != all_serialized_fields().end() && index < found->second.size()
             ? found->second[index]
             : "field " + std::to_string(index);
}

}  // namespace xgops::test
