// SPDX-License-Identifier: MIT
// Answers `Threads`: state, CPU time and wait of every thread, without stacks.
#include "commands/handlers.hpp"
#include "commands/thread_mapping.hpp"
#include "commands/wait_mapping.hpp"

#include <utility>

namespace xgops::commands {
namespace {

// Waits are named by the functions nearest to the kernel; frames beyond that are not looked at.
constexpr std::size_t kFramesForReasons = 32;

class ThreadsSink final : public threads::CaptureSink {
 public:
  ThreadsSink(AgentState& state, Reply<protocol::Threads>& reply)
      : announced_(state), reply_(reply) {}

  void on_module(threads::Module /*module*/) override {}
  void on_stack(threads::Stack /*stack*/) override {}
  void on_thread(threads::ThreadStack thread) override {
    response_.threads.push_back(to_wire(std::move(thread.facts)));
    announced_.add_to(response_.threads.back());
    bytes_ += approximate_bytes(response_.threads.back());
    if (bytes_ >= protocol::kReplyChunkBytes) {
      reply_.emit(response_);
      response_ = {};
      bytes_ = 0;
    }
  }

  protocol::Threads::Response take() { return std::move(response_); }

 private:
  AnnouncedWaits announced_;
  Reply<protocol::Threads>& reply_;
  protocol::Threads::Response response_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<void> handle(AgentState& state, const protocol::Threads::Request& request,
                    Reply<protocol::Threads>& reply) {
  threads::CaptureRequest capture;
  capture.tid = request.tid;
  capture.stacks = false;
  capture.max_frames = kFramesForReasons;
  capture.interrupt = false;
  capture.deadline = reply.deadline();
  capture.cancelled = [&reply] { return reply.cancelled(); };
  ThreadsSink sink(state, reply);
  const auto summary = state.inspector.capture(capture, sink);
  if (!summary) {
    return summary.error();
  }
  protocol::Threads::Response last = sink.take();
  last.dropped = summary->dropped;
  last.truncated = summary->truncated;
  last.cost = to_wire(*summary, reply.arrival());
  reply.finish(last);
  return {};
}

}  // namespace xgops::commands
