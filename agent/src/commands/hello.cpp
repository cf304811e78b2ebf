// SPDX-License-Identifier: MIT
// Hello: versions, messages, and who answers.
#include "commands/hello.hpp"

#include "commands/handlers.hpp"
#include "xgops/version.hpp"

#include <tuple>
#include <type_traits>

namespace xgops::commands {
namespace {

template <class... Exchanges>
std::vector<std::uint16_t> message_types(std::type_identity<std::tuple<Exchanges...>> /*catalog*/) {
  return {static_cast<std::uint16_t>(Exchanges::kType)...};
}

}  // namespace

Result<void> handle(AgentState& state, const protocol::Hello::Request& request,
                    Reply<protocol::Hello>& reply) {
  const auto version = common_version(request);
  protocol::Hello::Response response;
  response.status =
      version ? protocol::HelloStatus::kWelcome : protocol::HelloStatus::kNoCommonVersion;
  response.version = version.value_or(protocol::kMaxVersion);
  response.capabilities = message_types(std::type_identity<protocol::Catalog>{});
  response.pid = state.identity.pid;
  response.start_time_ticks = state.identity.start_time_ticks;
  response.instance_id = state.identity.instance_id;
  response.agent_version = kVersion;
  reply.finish(response);
  return {};
}

}  // namespace xgops::commands
