// SPDX-License-Identifier: MIT
#include "threads/stack_collector.hpp"

namespace xgops::threads {

StackCollector::Key StackCollector::key_of(const std::vector<Frame>& frames, bool truncated) {
  Key key{0x9e3779b97f4a7c15ULL ^ static_cast<std::uint64_t>(truncated), 0xc2b2ae3d27d4eb4fULL};
  const auto mix = [](std::uint64_t hash, std::uint64_t value, std::uint64_t factor) {
    hash = (hash ^ value) * factor;
    return hash ^ (hash >> 29U);
  };
  for (const Frame& frame : frames) {
    const std::uint64_t flags = (frame.exact_pointer ? 1U : 0U) | (frame.inferred ? 2U : 0U);
    key.low = mix(key.low, frame.instruction_pointer * 4 + flags, 0xff51afd7ed558ccdULL);
    key.high = mix(key.high, frame.instruction_pointer + flags * 0x517cc1b727220a95ULL,
                   0xc4ceb9fe1a85ec53ULL);
  }
  return key;
}

void StackCollector::modules(const std::vector<Module>& modules) {
  if (with_stacks_) {
    for (const Module& module : modules) {
      sink_.on_module(module);
    }
  }
}

void StackCollector::thread(ThreadReading reading) {
  if (with_stacks_ && !reading.frames.empty()) {
    const auto next_id = static_cast<std::uint32_t>(ids_.size() + 1);
    const auto [at, is_new] = ids_.emplace(key_of(reading.frames, reading.truncated), next_id);
    reading.stack.stack_id = at->second;
    if (is_new) {
      sink_.on_stack(Stack{next_id, reading.truncated, std::move(reading.frames)});
    }
  }
  sink_.on_thread(std::move(reading.stack));
}

}  // namespace xgops::threads
