// SPDX-License-Identifier: MIT
// Exceptions that end a task of which nobody is told.
//
// Not for users: include xgops/tasks.hpp, xgops/asio.hpp or xgops/boost_asio.hpp.
#pragma once

#include "xgops/detail/task_record.hpp"
#include "xgops/tasks_abi.h"

#include <cstdint>
#include <exception>
#include <typeinfo>

#include <cxxabi.h>

namespace xgops::detail {

inline std::uint64_t function_of(const TaskNode& /*node*/) noexcept {
  return 0;
}
inline std::uint64_t function_of(const TaskNodeWithFunction& node) noexcept {
  return node.function.load(kRelaxed);
}

/// Counts the exception that is being handled, in which the root frame `node` of `record` ends.
/// Cost: that of throwing once more.
template <class Node>
void lose_exception(const xgops_task_record& record, const Node& node) noexcept {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) {
    return;  // Of another language.
  }
  std::uint64_t place = node.location.load(kRelaxed);
  place = place == TaskNode::kHidden ? 0 : place;
  const auto report = [&](const char* what) {
    ::xgops_task_lose_exception(&record, type->name(), what, place, function_of(node));
  };
#if defined(__cpp_exceptions)
  try {
    throw;
  } catch (const std::exception& error) {
    report(error.what());
  } catch (...) {
    report("");
  }
#else
  report("");
#endif
}

}  // namespace xgops::detail
