// SPDX-License-Identifier: MIT
// The unwinder on hostile memory: unwind tables, expressions, code and stack are the input. It may
// find anything, but it must end, stay inside its buffers and never claim more frames than it has
// room for.
#include "invariant.hpp"
#include "unwind/call_site.hpp"
#include "unwind/unwinder.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace {

using namespace xgops::unwind;

constexpr std::uint64_t kBase = 0x10000;

class InputMemory final : public Memory {
 public:
  explicit InputMemory(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool read(std::uint64_t address, void* out, std::size_t bytes) noexcept override {
    const std::uint64_t offset = address - kBase;
    if (address < kBase || offset > bytes_.size() || bytes_.size() - offset < bytes) {
      return false;
    }
    if (bytes != 0) {
      std::memcpy(out, bytes_.data() + offset, bytes);
    }
    return true;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::array<std::uint16_t, 4> choice{};
  if (size < sizeof(choice)) {
    return 0;
  }
  std::memcpy(choice.data(), data, sizeof(choice));
  InputMemory memory(std::span<const std::uint8_t>(data, size).subspan(sizeof(choice)));
  const auto place = [&](std::uint16_t value) { return kBase + value % (size + 1); };

  UnwindModule module;
  module.text_begin = kBase;
  module.text_end = kBase + size;
  std::array<FdeIndexEntry, 64> index{};
  if (!locate_search_table(memory, kBase, module)) {
    const std::size_t count = index_eh_frame(memory, kBase, size, index);
    xgops::fuzz::require(count <= index.size(), "the index stays inside its room");
    module.index = std::span<const FdeIndexEntry>(index.data(), count);
  }
  const auto unwinder =
      std::make_unique<Unwinder>(memory);  // Large: its cache is not for the stack.
  unwinder->set_modules(ModuleTable({&module, 1}));

  Registers registers;
  registers.set(kReturnAddress, place(choice[0]));
  registers.set(kRsp, place(choice[1]) & ~std::uint64_t{7});
  if ((choice[3] & 1U) != 0) {
    registers.set(kRbp, place(choice[2]));
  }
  std::array<UnwoundFrame, 64> frames{};
  const Walk walk = unwinder->walk(registers, frames);
  xgops::fuzz::require(walk.frames >= 1 && walk.frames <= frames.size(), "frames fit their room");
  static_cast<void>(decode_call(memory, place(choice[0])));
  static_cast<void>(decode_prologue(memory, place(choice[2])));
  return 0;
}
