// SPDX-License-Identifier: MIT
#include "tasks/operation_names.hpp"

#include "support/own_memory.hpp"
#include "tasks/source_text.hpp"

#include <utility>

namespace xgops::tasks {
namespace {

/// "initiate_async_read_until" in a type names the composed operation "async_read_until".
std::string composed_name(std::string_view type) {
  constexpr std::string_view kMark = "initiate_async_";
  const auto begin = type.find(kMark);
  if (begin == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = type.substr(begin + std::string_view("initiate_").size());
  const auto end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_");
  return std::string(rest.substr(0, end));
}

}  // namespace

WaitDescription describe_operation(std::string_view object, std::string_view name) {
  const WaitReason reason = reason_of_operation(object, name);
  if (reason != WaitReason::kUnknown) {
    return {reason, {}};
  }
  if (!object.empty()) {
    // Which of readable and writable is not told.
    return {WaitReason::kOperation,
            std::string(object) + " " + (name == "async_wait" ? "ready" : std::string(name))};
  }
  if (std::string composed = composed_name(name); !composed.empty()) {
    return {WaitReason::kOperation, std::move(composed)};
  }
  return {WaitReason::kUnknown, std::string(name)};
}

WaitDescription describe_operation_at(std::uint64_t address) {
  // Copied as words: the host's object is const, the copy need not be an object.
  struct {
    std::uint64_t object;
    std::uint64_t name;
    std::uint32_t name_bytes;
    std::uint32_t reason;
  } copy{};
  static_assert(sizeof copy == sizeof(detail::TaskOperation));
  if (address == 0 || support::copy_own_memory(address, &copy, sizeof copy) != sizeof copy) {
    return {};
  }
  const std::string name =
      text_at(copy.name, copy.name_bytes == 0 ? kMaxTextBytes : copy.name_bytes);
  if (copy.reason != 0) {
    const bool known = copy.reason <= static_cast<std::uint32_t>(WaitReason::kLast);
    return {known ? static_cast<WaitReason>(copy.reason) : WaitReason::kUnknown, name};
  }
  return describe_operation(text_at(copy.object), name);
}

}  // namespace xgops::tasks
