// SPDX-License-Identifier: MIT
// One overload a message: gather from a part, map to the wire struct. The dispatcher folds over
// protocol::Catalog and calls these, so a missing one is a compile error.
//
// All run on the agent's thread, one at a time. An error returned ends the answer with an error
// message: its code is sent as it is when it is a `protocol::Errc`, else as `Errc::kInternal` or
// the nearest that the dispatcher knows (no_such_process: kNotFound, permission_denied:
// kUnavailable, timed_out: kDeadlineExceeded, not_enough_memory: kOutOfMemory).
#pragma once

#include "commands/agent_state.hpp"
#include "commands/reply.hpp"
#include "xgops/protocol/catalog.hpp"
#include "xgops/result.hpp"

namespace xgops::commands {

Result<void> handle(AgentState& state, const protocol::Hello::Request& request,
                    Reply<protocol::Hello>& reply);
Result<void> handle(AgentState& state, const protocol::ProcessInfo::Request& request,
                    Reply<protocol::ProcessInfo>& reply);
Result<void> handle(AgentState& state, const protocol::Vitals::Request& request,
                    Reply<protocol::Vitals>& reply);
Result<void> handle(AgentState& state, const protocol::Threads::Request& request,
                    Reply<protocol::Threads>& reply);
Result<void> handle(AgentState& state, const protocol::Stacks::Request& request,
                    Reply<protocol::Stacks>& reply);
Result<void> handle(AgentState& state, const protocol::Tasks::Request& request,
                    Reply<protocol::Tasks>& reply);
Result<void> handle(AgentState& state, const protocol::Pending::Request& request,
                    Reply<protocol::Pending>& reply);
Result<void> handle(AgentState& state, const protocol::Waits::Request& request,
                    Reply<protocol::Waits>& reply);
Result<void> handle(AgentState& state, const protocol::Proof::Request& request,
                    Reply<protocol::Proof>& reply);

}  // namespace xgops::commands
