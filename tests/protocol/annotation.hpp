// SPDX-License-Identifier: MIT
// A second, plain implementation of the encoding that also says what each byte means.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace xgops::test {

enum class FieldKind { kStruct, kNumber, kBoolean, kEnumerator, kCount, kBytes };

/// Consecutive bytes of a payload with one meaning. A struct has none: it is a heading.
struct AnnotatedField {
  FieldKind kind = FieldKind::kStruct;
  std::size_t offset = 0;
  std::size_t size = 0;
  std::uint64_t last_value = 0;  ///< Largest valid value of a closed enumeration; 0: open.
  std::size_t depth = 0;
  std::string note;
};

/// A struct as `serialize` sees it and as the compiler sees it.
struct StructShape {
  std::size_t members = 0;              ///< Data members of the struct.
  std::vector<std::string> wire_types;  ///< Of the fields passed to the archive, in order.
};

/// The type's name without our namespaces, such as "Threads::Request".
[[nodiscard]] std::string short_type_name(const std::type_info& type);
/// "Threads::Request" -> "threads_request".
[[nodiscard]] std::string snake_case(std::string_view type_name);
/// `bytes` with printable characters as they are and others as \xNN.
[[nodiscard]] std::string escaped(std::string_view bytes);

namespace detail {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsArray : std::false_type {};
template <class T, std::size_t N>
struct IsArray<std::array<T, N>> : std::true_type {};

/// Initializes a member of any type, in expressions that are never evaluated.
struct AnyValue {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor): has to convert by itself.
};

/// Counts the members of an aggregate: with one initializer too many it does not compile.
template <class T, class... Initializers>
consteval std::size_t member_count() {
  if constexpr (requires { T{Initializers{}..., AnyValue{}}; }) {
    return member_count<T, Initializers..., AnyValue>();
  } else {
    return sizeof...(Initializers);
  }
}

}  // namespace detail

/// How PROTOCOL.md writes the type: `u32`, `bool`, `text`, `list of Frame`, `u8[16]`, a name.
template <class T>
[[nodiscard]] std::string wire_type_name() {
  if constexpr (std::same_as<T, bool>) {
    return "bool";
  } else if constexpr (std::same_as<T, char>) {
    return "char";
  } else if constexpr (std::integral<T>) {
    return (std::signed_integral<T> ? "i" : "u") + std::to_string(8 * sizeof(T));
  } else if constexpr (std::same_as<T, std::string>) {
    return "text";
  } else if constexpr (detail::IsVector<T>::value) {
    return "list of " + wire_type_name<typename T::value_type>();
  } else if constexpr (detail::IsArray<T>::value) {
    return wire_type_name<typename T::value_type>() + "[" + std::to_string(T{}.size()) + "]";
  } else {
    return short_type_name(typeid(T));
  }
}

/// Looks like an archive to `serialize`.
class Annotator {
 public:
  /// Encodes and annotates `message`.
  template <class Message>
  static Annotator annotate(Message message) {
    Annotator annotator;
    annotator.visit(message, "payload");
    return annotator;
  }

  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }
  [[nodiscard]] const std::vector<AnnotatedField>& fields() const { return fields_; }
  /// By `short_type_name`: the message and all structs in it.
  [[nodiscard]] const std::map<std::string, StructShape>& shapes() const { return shapes_; }

  /// Called by `serialize`.
  template <class... Fields>
  void operator()(Fields&... fields) {
    const std::string owner = scopes_.back();
    auto& shape = shapes_[owner];
    shape.wire_types = {wire_type_name<Fields>()...};
    std::size_t index = 0;
    (visit(fields, field_name(owner, index++)), ...);
  }

 private:
  template <class T>
  void visit(T& value, const std::string& name) {
    if constexpr (std::same_as<T, bool>) {
      number(FieldKind::kBoolean, value ? 1 : 0, 1, name + ": " + (value ? "true" : "false"));
    } else if constexpr (std::integral<T>) {
      number(FieldKind::kNumber, static_cast<std::uint64_t>(value), sizeof(T),
             name + ": " + wire_type_name<T>() + " " + std::to_string(value));
    } else if constexpr (std::is_enum_v<T>) {
      const auto underlying = static_cast<std::underlying_type_t<T>>(value);
      number(FieldKind::kEnumerator, underlying, sizeof(T),
             name + ": " + wire_type_name<T>() + " " + std::to_string(underlying));
      if constexpr (requires { T::kLast; }) {
        fields_.back().last_value = static_cast<std::uint64_t>(T::kLast);
      }
    } else if constexpr (std::same_as<T, std::string>) {
      count(value.size(), name);
      raw(value.data(), value.size(), '"' + escaped(value) + '"');
    } else if constexpr (detail::IsVector<T>::value) {
      count(value.size(), name);
      elements(value, name);
    } else if constexpr (detail::IsArray<T>::value) {
      elements(value, name);
    } else {
      structure(value, name);
    }
  }

  template <class Container>
  void elements(Container& values, const std::string& name) {
    if constexpr (std::same_as<typename Container::value_type, std::uint8_t>) {
      raw(values.data(), values.size(), name + ": " + std::to_string(values.size()) + " bytes");
    } else {
      std::size_t index = 0;
      for (auto& value : values) {
        visit(value, name + "[" + std::to_string(index++) + "]");
      }
    }
  }

  template <class T>
  void structure(T& value, const std::string& name) {
    const std::string type = wire_type_name<T>();
    add(FieldKind::kStruct, 0, name + ": " + type);
    shapes_[type].members = detail::member_count<T>();
    scopes_.push_back(type);
    value.serialize(*this);
    scopes_.pop_back();
  }

  void add(FieldKind kind, std::size_t size, std::string note);
  void number(FieldKind kind, std::uint64_t value, std::size_t size, std::string note);
  void count(std::size_t elements, const std::string& name);
  void raw(const void* data, std::size_t size, std::string note);
  [[nodiscard]] static std::string field_name(const std::string& owner, std::size_t index);

  std::vector<std::byte> bytes_;
  std::vector<AnnotatedField> fields_;
  std::map<std::string, StructShape> shapes_;
  std::vector<std::string> scopes_;
};

}  // namespace xgops::test
