// SPDX-License-Identifier: MIT
// The answer to a request that failed.
#pragma once

#include "xgops/protocol/errc.hpp"
#include "xgops/protocol/header.hpp"

#include <string>

namespace xgops::protocol {

struct ErrorReply {
  static constexpr MessageType kType = MessageType::kError;

  Errc code = Errc::kInternal;
  std::string text;  ///< What, and which operand.
  std::string hint;  ///< What to do next; may be empty.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(code, text, hint);
  }
};

}  // namespace xgops::protocol
