// SPDX-License-Identifier: MIT
// The list of all exchanges. The dispatcher folds over it, so a missing command is a compile error.
#pragma once

#include "xgops/protocol/messages/error.hpp"
#include "xgops/protocol/messages/hello.hpp"
#include "xgops/protocol/messages/pending.hpp"
#include "xgops/protocol/messages/process_info.hpp"
#include "xgops/protocol/messages/proof.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/protocol/messages/tasks.hpp"
#include "xgops/protocol/messages/threads.hpp"
#include "xgops/protocol/messages/vitals.hpp"
#include "xgops/protocol/messages/waits.hpp"

#include <tuple>

namespace xgops::protocol {

using Catalog =
    std::tuple<Hello, ProcessInfo, Vitals, Threads, Stacks, Tasks, Pending, Waits, Proof>;

}  // namespace xgops::protocol
