// SPDX-License-Identifier: MIT
// The first exchange of every connection: which versions and messages both sides know, and who
// answers.
#pragma once

#include "xgops/protocol/header.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace xgops::protocol {

enum class HelloStatus : std::uint8_t {
  kWelcome = 0,
  kNoCommonVersion = 1,  ///< The rest of the answer is filled in all the same.
};

struct Hello {
  static constexpr MessageType kType = MessageType::kHello;

  struct Request {
    std::uint16_t min_version = kMinVersion;
    std::uint16_t max_version = kMaxVersion;
    std::string client_version;  ///< For example "0.1.0".

    template <class Archive>
    void serialize(Archive& archive) {
      archive(min_version, max_version, client_version);
    }
  };

  struct Response {
    HelloStatus status = HelloStatus::kWelcome;
    std::uint16_t version = kMaxVersion;  ///< The version to use from now on.
    std::uint16_t min_version = kMinVersion;
    std::uint16_t max_version = kMaxVersion;
    std::vector<std::uint16_t> capabilities;     ///< The message types that this agent answers.
    std::int32_t pid = 0;                        ///< In the target's own PID namespace.
    std::uint64_t start_time_ticks = 0;          ///< proc(5) stat field 22.
    std::array<std::uint8_t, 16> instance_id{};  ///< Random, new in every start and fork.
    std::string agent_version;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(status, version, min_version, max_version, capabilities, pid, start_time_ticks,
              instance_id, agent_version);
    }
  };
};

}  // namespace xgops::protocol
