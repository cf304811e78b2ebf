// SPDX-License-Identifier: MIT
// The readers of /proc text and of mapped ELF headers, as the agent has them.
#include "invariant.hpp"
#include "threads/elf_image.hpp"
#include "threads/event_poll.hpp"
#include "threads/module_map.hpp"
#include "threads/task_files.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace {

using namespace xgops::threads;

class InputMemory final : public xgops::unwind::Memory {
 public:
  explicit InputMemory(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool read(std::uint64_t address, void* out, std::size_t bytes) noexcept override {
    if (address > bytes_.size() || bytes_.size() - address < bytes) {
      return false;
    }
    if (bytes != 0) {
      std::memcpy(out, bytes_.data() + address, bytes);
    }
    return true;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const SystemCallFacts call = parse_system_call(text);
  xgops::fuzz::require(call.kind != SystemCallFacts::Kind::kBlocked || call.number >= 0,
                       "a blocked thread is in a system call");
  static_cast<void>(parse_schedstat(text));
  static_cast<void>(parse_status(text));
  const StatFacts stat = parse_stat(text);
  xgops::fuzz::require(stat.cpu >= -1 && stat.started_ns <= INT64_MAX, "times can be added");
  static_cast<void>(parse_event_poll(text));
  static_cast<void>(timer_is_set(text));
  if (const auto facts = parse_sched(text)) {
    xgops::fuzz::require(facts->name.size() <= size, "a name is part of the text");
  }
  Mapping mapping;
  xgops::fuzz::require(!parse_mapping(text, mapping) || mapping.end > mapping.begin,
                       "a mapping has a length");
  InputMemory memory(std::span<const std::uint8_t>(data, size));
  if (const auto image = read_elf_image(memory, 0)) {
    xgops::fuzz::require(image->build_id.size() <= 64, "a build-id is short");
  }
  return 0;
}
