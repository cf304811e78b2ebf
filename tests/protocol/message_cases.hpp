// SPDX-License-Identifier: MIT
// Every request and response of the catalog, the error reply, and the report of a test program,
// without its type: what the general tests run over.
#pragma once

#include "annotation.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/header.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace xgops::test {

struct MessageCase {
  std::string type_name;    ///< "Threads::Request"
  std::string name;         ///< "threads_request"; golden file, corpus folder and fuzz target.
  protocol::Bytes whole;    ///< Header and payload of the sample.
  protocol::Bytes payload;  ///< Of the sample.
  protocol::Bytes default_payload;  ///< Of a message with all fields at their defaults.
  Annotator annotation;             ///< Of the sample.
  /// Decodes and encodes again.
  std::function<Result<protocol::Bytes>(std::span<const std::byte>)> recode;
};

/// In the order of the catalog, the error reply and the report of a test program first.
[[nodiscard]] const std::vector<MessageCase>& message_cases();

}  // namespace xgops::test
