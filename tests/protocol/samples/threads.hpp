// SPDX-License-Identifier: MIT
// Example of the facts about one thread, which two exchanges share.
#pragma once

#include "xgops/protocol/messages/threads.hpp"

namespace xgops::test {

[[nodiscard]] protocol::ThreadFacts sample_thread_facts();

}  // namespace xgops::test
