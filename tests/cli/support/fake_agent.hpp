// SPDX-License-Identifier: MIT
// An agent without a target: speaks the protocol with prepared answers, or breaks it on purpose.
#pragma once

#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/endpoint.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace xgops::test {

enum class Behaviour : std::uint8_t {
  kNormal,
  kSilent,            ///< Accepts and reads, never answers.
  kCloses,            ///< Accepts and closes.
  kClosesInHeader,    ///< Answers half a header, then closes.
  kClosesInPayload,   ///< Answers a header and half a payload, then closes.
  kGarbage,           ///< Answers bytes that are no message.
  kOversize,          ///< Answers a header that claims 4 GiB.
  kMalformedPayload,  ///< Greets properly; the payload of the answer does not decode.
  kWrongType,         ///< Greets properly; answers with another message than asked for.
  kWrongId,           ///< Greets properly; answers a request that nobody made.
  kNewerProtocol,     ///< Knows only versions that we do not.
  kOlderAgent,        ///< Greets as 0.0.9 and knows no message but `Hello`.
  kEndless,           ///< Greets properly; the answer never has a last message.
  kSlowTrickle,       ///< Greets properly; then one byte now and then, for ever.
  kBusy,              ///< Refuses with an error before anything was asked.
  kErrorReply,        ///< Greets properly; answers every request with `error`.
};

struct FakeAgentOptions {
  Behaviour behaviour = Behaviour::kNormal;
  std::optional<protocol::Endpoint> endpoint;  ///< In the socket's name; none: this process.
  std::int32_t claimed_pid = 0;                ///< In `Hello`; 0: that of the endpoint.
  protocol::ProcessInfo::Response info;
  protocol::Vitals::Response vitals;
  std::vector<protocol::Threads::Response> threads;  ///< The parts of the answer.
  std::vector<protocol::Stacks::Response> stacks;
  std::vector<protocol::Tasks::Response> tasks;  ///< None: an agent that knows of no tasks.
  std::vector<protocol::Tasks::Response> task_groups;
  std::vector<protocol::Pending::Response> pending;
  protocol::Waits::Response waits;
  protocol::Proof::Response proof;  ///< Its estimate and status answer a question about these.
  bool has_tasks = true;            ///< False: an agent of before tasks.
  int answers = -1;  ///< So many questions, greetings too, then it only closes; -1: all.
  protocol::ErrorReply error;
};

/// The process that runs the test, as a socket's name has it.
[[nodiscard]] protocol::Endpoint own_endpoint();

/// Prepared answers that look like those of a small server with this PID.
[[nodiscard]] FakeAgentOptions plausible_agent();

/// Listens from construction to destruction, served by a thread of its own.
class FakeAgent {
 public:
  FakeAgent(const std::filesystem::path& directory, FakeAgentOptions options);
  ~FakeAgent();
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] int connections() const noexcept { return connections_; }
  [[nodiscard]] protocol::Stacks::Request last_stacks_request() const {
    const std::lock_guard lock(mutex_);
    return last_stacks_;
  }
  [[nodiscard]] protocol::Proof::Request last_proof_request() const {
    const std::lock_guard lock(mutex_);
    return last_proof_;
  }
  [[nodiscard]] protocol::Tasks::Request last_tasks_request() const {
    const std::lock_guard lock(mutex_);
    return last_tasks_;
  }

 private:
  class Peer;

  void serve();
  /// False when the conversation is over.
  bool answer(Peer& peer, const protocol::Header& header, std::span<const std::byte> payload);
  bool greet(Peer& peer, const protocol::Header& header);
  bool misbehave(Peer& peer, const protocol::Header& header);
  bool answer_proof(Peer& peer, const protocol::Header& header, std::span<const std::byte> payload);
  bool answer_tasks(Peer& peer, const protocol::Header& header, std::span<const std::byte> payload);

  FakeAgentOptions options_;
  protocol::Endpoint endpoint_;
  std::filesystem::path path_;
  int listener_ = -1;
  int stop_ = -1;
  std::atomic<int> connections_{0};
  int answered_ = 0;  ///< Of the thread that serves.
  mutable std::mutex mutex_;
  protocol::Stacks::Request last_stacks_;  ///< Guarded by mutex_.
  protocol::Tasks::Request last_tasks_;    ///< Guarded by mutex_.
  protocol::Proof::Request last_proof_;    ///< Guarded by mutex_.
  std::thread thread_;
};

}  // namespace xgops::test
