// SPDX-License-Identifier: MIT
// Derives the seeds of the fuzz targets from the samples.
#include "fuzz_seeds.hpp"

#include "message_cases.hpp"
#include "xgops/protocol/endpoint.hpp"

#include <cstddef>
#include <limits>
#include <string>

namespace xgops::test {
namespace {

using Seeds = std::map<std::string, std::string>;

std::string text_of(const protocol::Bytes& bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += static_cast<char>(byte);
  }
  return text;
}

/// Overwrites bytes of the first field of `kind`, when there is one.
void add_with_field(Seeds& seeds, const std::string& name, const MessageCase& message,
                    FieldKind kind, char value) {
  for (const AnnotatedField& field : message.annotation.fields()) {
    if (field.kind == kind) {
      seeds[name] = text_of(message.payload).replace(field.offset, field.size, field.size, value);
      return;
    }
  }
}

Seeds payload_seeds(const MessageCase& message) {
  Seeds seeds;
  const std::string payload = text_of(message.payload);
  seeds["golden"] = payload;
  seeds["default"] = text_of(message.default_payload);
  seeds["trailing"] = payload + '\0';
  seeds["ones"] = std::string(64, '\xff');
  if (!payload.empty()) {
    seeds["truncated"] = payload.substr(0, payload.size() - 1);
  }
  add_with_field(seeds, "huge_count", message, FieldKind::kCount, '\xff');
  add_with_field(seeds, "boolean", message, FieldKind::kBoolean, '\2');
  add_with_field(seeds, "enumerator", message, FieldKind::kEnumerator, '\x7f');
  return seeds;
}

Seeds header_seeds() {
  const std::string header =
      text_of(message_cases().front().whole).substr(0, protocol::kHeaderBytes);
  const auto with = [&](std::size_t offset, char value) {
    std::string changed = header;
    changed[offset] = value;
    return changed;
  };
  return {{"golden", header},
          {"magic", with(0, 'x')},
          {"version_0", with(4, '\0')},
          {"version_255", with(4, '\xff')},
          {"flags", with(5, '\2')},
          {"type", with(7, '\xff')},
          {"huge_payload", with(15, '\xff')},
          {"http", "GET / HTTP/1.1\r\n"}};
}

Seeds socket_name_seeds() {
  constexpr protocol::Endpoint kLargest{std::numeric_limits<std::int32_t>::max(),
                                        std::numeric_limits<std::uint64_t>::max()};
  return {{"golden", protocol::socket_name({4711, 88213})},
          {"largest", protocol::socket_name(kLargest)},
          {"too_large", "2147483648-18446744073709551616.sock"},
          {"leading_zero", "007-1.sock"},
          {"sign", "+1--1.sock"},
          {"no_suffix", "1-1"},
          {"no_dash", "11.sock"},
          {"blank", " 1-1.sock"}};
}

std::map<std::string, Seeds> all_seeds() {
  std::map<std::string, Seeds> seeds;
  seeds["header"] = header_seeds();
  seeds["socket_name"] = socket_name_seeds();
  for (const MessageCase& message : message_cases()) {
    seeds[message.name] = payload_seeds(message);
  }
  return seeds;
}

}  // namespace

const std::map<std::string, Seeds>& fuzz_seeds() {
  static const std::map<std::string, Seeds> seeds = all_seeds();
  return seeds;
}

}  // namespace xgops::test
