// SPDX-License-Identifier: MIT
// Answers `Stacks`: every thread with its stack as raw instruction pointers, and the modules.
#include "commands/handlers.hpp"
#include "commands/thread_mapping.hpp"
#include "commands/wait_mapping.hpp"

#include <algorithm>
#include <utility>

namespace xgops::commands {
namespace {

constexpr std::uint32_t kDefaultFrames = 256;
constexpr std::size_t kFrameBytes = 9;
constexpr std::size_t kModuleBytes = 64;

class StacksSink final : public threads::CaptureSink {
 public:
  StacksSink(AgentState& state, Reply<protocol::Stacks>& reply)
      : announced_(state), reply_(reply) {}

  void on_module(threads::Module module) override {
    bytes_ += kModuleBytes + module.path.size();
    response_.modules.push_back(to_wire(std::move(module)));
    send_when_full();
  }

  void on_stack(threads::Stack stack) override {
    bytes_ += 16 + stack.frames.size() * kFrameBytes;
    response_.stacks.push_back(to_wire(stack));
    send_when_full();
  }

  void on_thread(threads::ThreadStack thread) override {
    response_.threads.push_back(to_wire(std::move(thread)));
    announced_.add_to(response_.threads.back().facts);
    const protocol::ThreadStack& added = response_.threads.back();
    bytes_ += approximate_bytes(added.facts) + added.reason.size();
    send_when_full();
  }

  protocol::Stacks::Response take() { return std::move(response_); }

 private:
  void send_when_full() {
    if (bytes_ >= chunk_bytes_) {
      reply_.emit(response_);
      response_ = {};
      bytes_ = 0;
      chunk_bytes_ = std::min<std::size_t>(chunk_bytes_ * 2, protocol::kReplyChunkBytes);
    }
  }

  // The first messages are short, so that the client opens debug files while we still read threads.
  static constexpr std::size_t kFirstChunkBytes = 4096;

  AnnouncedWaits announced_;
  Reply<protocol::Stacks>& reply_;
  std::size_t chunk_bytes_ = kFirstChunkBytes;
  protocol::Stacks::Response response_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<void> handle(AgentState& state, const protocol::Stacks::Request& request,
                    Reply<protocol::Stacks>& reply) {
  threads::CaptureRequest capture;
  capture.tid = request.tid;
  const std::uint32_t frames = request.max_frames == 0 ? kDefaultFrames : request.max_frames;
  capture.max_frames = std::min(frames, protocol::kMaxFrames);
  capture.interrupt = request.interrupt;
  capture.deadline = reply.deadline();
  capture.cancelled = [&reply] { return reply.cancelled(); };
  StacksSink sink(state, reply);
  const auto summary = state.inspector.capture(capture, sink);
  if (!summary) {
    return summary.error();
  }
  protocol::Stacks::Response last = sink.take();
  last.dropped = summary->dropped;
  last.truncated = summary->truncated;
  last.cost = to_wire(*summary, reply.arrival());
  reply.finish(last);
  return {};
}

}  // namespace xgops::commands
