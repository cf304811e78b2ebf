// SPDX-License-Identifier: MIT
// Gives equal stacks one id and hands new ones to the sink once.
#pragma once

#include "threads/capture.hpp"
#include "threads/thread_reader.hpp"

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xgops::threads {

class StackCollector {
 public:
  /// Without `with_stacks` only the facts of threads reach the sink.
  StackCollector(CaptureSink& sink, bool with_stacks) : sink_(sink), with_stacks_(with_stacks) {}

  void modules(const std::vector<Module>& modules);
  void thread(ThreadReading reading);

 private:
  /// 128 bits, so that two stacks with one key do not happen; the frames need not be kept to
  /// compare.
  struct Key {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return key.low; }
  };
  static Key key_of(const std::vector<Frame>& frames, bool truncated);

  CaptureSink& sink_;
  bool with_stacks_;
  std::unordered_map<Key, std::uint32_t, KeyHash> ids_;
};

}  // namespace xgops::threads
