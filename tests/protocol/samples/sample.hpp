// SPDX-License-Identifier: MIT
// One example of every message, with no field at its default: what the golden bytes are made of.
#pragma once

namespace xgops::test {

/// Specialized for every request and response; one file an exchange. A missing one does not link.
template <class Message>
[[nodiscard]] Message sample();

}  // namespace xgops::test
