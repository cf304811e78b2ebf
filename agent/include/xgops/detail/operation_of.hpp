// SPDX-License-Identifier: MIT
// What an asynchronous operation is, told by the types of what starts it.
//
// Not for users: part of xgops/asio.hpp and xgops/boost_asio.hpp.
#pragma once

#include "xgops/detail/task_record.hpp"

#include <cstdint>
#include <string_view>

namespace xgops::detail {

/// The name of a type, as the compiler prints it, without storage of its own.
template <class Type>
constexpr std::string_view type_name() noexcept {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("Type = ") + 7);
  const auto more = text.find("; std::string_view");
  return text.substr(0, more != std::string_view::npos ? more : text.rfind(']'));
}

/// The type that tells what an operation is: of the object that starts it, or of an argument that
/// says when a group of operations is complete.
template <class Initiation, class... Arguments>
constexpr std::string_view telling_name() noexcept {
  std::string_view name = type_name<Initiation>();
  if (name.find("parallel_group") != std::string_view::npos) {
    ((type_name<Arguments>().find("wait_for_") != std::string_view::npos
          ? void(name = type_name<Arguments>())
          : void()),
     ...);
  }
  return name;
}

/// The operation that an object of type `Initiation` starts.
template <class Initiation, class... Arguments>
inline constexpr TaskOperation kOperationOf{
    nullptr, telling_name<Initiation, Arguments...>().data(),
    static_cast<std::uint32_t>(telling_name<Initiation, Arguments...>().size()), 0};

}  // namespace xgops::detail
