// SPDX-License-Identifier: MIT
#include "unwind/call_frame_table.hpp"

#include "unwind/call_frame_program.hpp"
#include "unwind/pointer_encoding.hpp"

namespace xgops::unwind {
namespace {

constexpr std::uint32_t kExtendedLength = 0xffffffffU;  // 64-bit DWARF; no linker emits it here.
constexpr std::uint8_t kDataRelative32 = 0x3b;          // DW_EH_PE_datarel | DW_EH_PE_sdata4

/// Reads what the augmentation letters announce. False: a letter that we do not know.
bool read_augmentation(Cursor& cie, std::span<const std::uint8_t> letters, std::uint8_t& encoding,
                       bool& signal_frame) noexcept {
  for (const std::uint8_t letter : letters) {
    switch (letter) {
      case 'R':
        encoding = cie.byte();
        break;
      case 'L':
        cie.byte();
        break;
      case 'S':
        signal_frame = true;
        break;
      case 'B':
        break;  // AArch64 pointer authentication key.
      case 'P': {
        const std::uint8_t personality_encoding = cie.byte();
        // The value is not needed, only its size: without the base it cannot fail.
        read_pointer(cie, personality_encoding & 0x0fU, 0);
        break;
      }
      default:
        return false;
    }
  }
  return cie.ok();
}

}  // namespace

bool locate_search_table(Memory& memory, std::uint64_t header_address,
                         UnwindModule& module) noexcept {
  std::array<std::uint8_t, 32> bytes{};
  if (!memory.read(header_address, bytes.data(), bytes.size())) {
    return false;
  }
  Cursor cursor(bytes, header_address);
  const std::uint8_t version = cursor.byte();
  const std::uint8_t frame_encoding = cursor.byte();
  const std::uint8_t count_encoding = cursor.byte();
  const std::uint8_t table_encoding = cursor.byte();
  if (version != 1 || count_encoding == kPointerOmitted || table_encoding != kDataRelative32) {
    return false;
  }
  read_pointer(cursor, frame_encoding, header_address);
  const std::uint64_t count = read_pointer(cursor, count_encoding, header_address);
  if (!cursor.ok() || count > 0x7fffffffU) {
    return false;
  }
  module.header = header_address;
  module.table = cursor.address();
  module.table_entries = static_cast<std::uint32_t>(count);
  return true;
}

std::span<const std::uint8_t> CallFrameTable::read_record(std::uint64_t address,
                                                          std::span<std::uint8_t> buffer) noexcept {
  std::uint32_t length = 0;
  if (!memory_.read_value(address, length) || length == 0 || length == kExtendedLength ||
      length > buffer.size() || !memory_.read(address + sizeof(length), buffer.data(), length)) {
    return {};
  }
  return buffer.first(length);
}

bool CallFrameTable::read_common(std::uint64_t cie_address, CommonInfo& common) noexcept {
  const auto record = read_record(cie_address, cie_buffer_);
  Cursor cie(record, cie_address + sizeof(std::uint32_t));
  const auto id = cie.fixed<std::uint32_t>();
  const std::uint8_t version = cie.byte();
  if (!cie.ok() || id != 0 || (version != 1 && version != 3)) {
    return false;
  }
  const std::size_t letters_begin = cie.position();
  while (cie.ok() && cie.byte() != 0) {
  }
  const auto letters = cie.ok() ? record.subspan(letters_begin, cie.position() - letters_begin - 1)
                                : std::span<const std::uint8_t>{};
  common.code_alignment = cie.uleb128();
  common.data_alignment = cie.sleb128();
  const std::uint64_t return_register = version == 1 ? cie.byte() : cie.uleb128();
  if (return_register != kReturnAddress) {
    return false;
  }
  if (!letters.empty()) {
    if (letters[0] != 'z') {
      return false;
    }
    common.has_augmentation_data = true;
    const std::uint64_t bytes = cie.uleb128();
    Cursor augmentation = cie;
    if (!read_augmentation(augmentation, letters.subspan(1), common.pointer_encoding,
                           common.signal_frame)) {
      return false;
    }
    cie.skip(bytes);
  }
  if (!cie.ok()) {
    return false;
  }
  common.program_address = cie.address();
  common.program = record.subspan(cie.position());
  return true;
}

bool CallFrameTable::read_description(std::uint64_t fde_address,
                                      Description& description) noexcept {
  const auto record = read_record(fde_address, fde_buffer_);
  Cursor fde(record, fde_address + sizeof(std::uint32_t));
  const std::uint64_t pointer_address = fde.address();
  const auto cie_distance = fde.fixed<std::uint32_t>();
  if (!fde.ok() || cie_distance == 0 ||
      !read_common(pointer_address - cie_distance, description.common)) {
    return false;
  }
  const std::uint8_t encoding = description.common.pointer_encoding;
  description.start = read_pointer(fde, encoding, 0);
  description.end = description.start + read_pointer(fde, encoding & 0x0fU, 0);
  if (description.common.has_augmentation_data) {
    fde.skip(fde.uleb128());
  }
  if (!fde.ok()) {
    return false;
  }
  description.program_address = fde.address();
  description.program = record.subspan(fde.position());
  return true;
}

std::uint64_t CallFrameTable::find_fde(const UnwindModule& module, std::uint64_t address) noexcept {
  struct TableEntry {
    std::int32_t start;
    std::int32_t fde;
  };
  const auto at = [&](std::size_t i, TableEntry& entry) {
    return memory_.read_value(module.table + i * sizeof(TableEntry), entry);
  };
  if (module.table_entries == 0) {
    const FdeIndexEntry* best = nullptr;
    std::size_t low = 0;
    std::size_t high = module.index.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (module.index[middle].start <= address) {
        best = &module.index[middle];
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return best != nullptr ? best->fde : 0;
  }
  std::size_t low = 0;
  std::size_t high = module.table_entries;
  TableEntry best{};
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    TableEntry entry{};
    if (!at(middle, entry)) {
      return 0;
    }
    if (module.header + static_cast<std::uint64_t>(std::int64_t{entry.start}) <= address) {
      best = entry;
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? 0 : module.header + static_cast<std::uint64_t>(std::int64_t{best.fde});
}

RowStatus CallFrameTable::find_description(std::uint64_t address,
                                           Description& description) noexcept {
  const UnwindModule* module = modules_.find(address);
  if (module == nullptr) {
    return RowStatus::kNoModule;
  }
  const std::uint64_t fde = find_fde(*module, address);
  if (fde == 0) {
    return RowStatus::kNoUnwindInfo;
  }
  if (!read_description(fde, description)) {
    return RowStatus::kBadUnwindInfo;
  }
  return address >= description.start && address < description.end ? RowStatus::kOk
                                                                   : RowStatus::kNoUnwindInfo;
}

RowStatus CallFrameTable::find(std::uint64_t address, Row& row) noexcept {
  Description description;
  const RowStatus status = find_description(address, description);
  if (status != RowStatus::kOk) {
    return status;
  }
  const CommonInfo& common = description.common;
  row = Row{};
  row.signal_frame = common.signal_frame;
  row.function_start = description.start;
  CallFrameProgram program(
      row, {common.code_alignment, common.data_alignment, common.pointer_encoding}, address);
  // The common part has no addresses of its own: it always runs to its end.
  if (!program.run(Cursor(common.program, common.program_address), 0, nullptr)) {
    return RowStatus::kBadUnwindInfo;
  }
  const Row initial = row;
  if (!program.run(Cursor(description.program, description.program_address), description.start,
                   &initial)) {
    return RowStatus::kBadUnwindInfo;
  }
  return RowStatus::kOk;
}

std::uint64_t CallFrameTable::function_start(std::uint64_t address) noexcept {
  Description description;
  return find_description(address, description) == RowStatus::kOk ? description.start : 0;
}

namespace {

/// The pointer encoding that the common record at `cie` announces; 0 (absolute) when it says
/// nothing.
std::uint8_t pointer_encoding_of(Memory& memory, std::uint64_t cie) noexcept {
  std::array<std::uint8_t, 64> head{};
  if (!memory.read(cie + 4, head.data(), head.size())) {
    return 0;
  }
  Cursor cursor(head, cie + 4);
  cursor.skip(4);
  const std::uint8_t version = cursor.byte();
  const std::size_t begin = cursor.position();
  while (cursor.ok() && cursor.byte() != 0) {
  }
  const std::size_t end = cursor.position() - 1;
  cursor.uleb128();
  cursor.sleb128();
  if (version == 1) {
    cursor.byte();
  } else {
    cursor.uleb128();
  }
  std::uint8_t encoding = 0;
  bool signal_frame = false;
  if (cursor.ok() && end > begin && head[begin] == 'z') {
    cursor.uleb128();
    const std::span<const std::uint8_t> letters(head.data() + begin + 1, end - begin - 1);
    if (!read_augmentation(cursor, letters, encoding, signal_frame)) {
      return 0;
    }
  }
  return encoding;
}

}  // namespace

std::size_t index_eh_frame(Memory& memory, std::uint64_t address, std::uint64_t bytes,
                           std::span<FdeIndexEntry> entries) noexcept {
  const std::uint64_t end = address + bytes;
  std::size_t count = 0;
  std::uint64_t known_cie = 0;  // Neighbours share one: decoding it again for each would be slow.
  std::uint8_t encoding = 0;
  for (std::uint64_t record = address; record + 8 <= end && count < entries.size();) {
    std::array<std::uint32_t, 2> head{};  // Length, then distance to the common record or zero.
    if (!memory.read_value(record, head) || head[0] == 0 || head[0] == kExtendedLength) {
      break;
    }
    if (head[1] != 0) {
      const std::uint64_t cie = record + 4 - head[1];
      if (cie != known_cie) {
        encoding = pointer_encoding_of(memory, cie);
        known_cie = cie;
      }
      std::array<std::uint8_t, 8> start{};
      if (memory.read_value(record + 8, start)) {
        Cursor cursor(start, record + 8);
        const std::uint64_t function = read_pointer(cursor, encoding, 0);
        if (cursor.ok() && function != 0) {
          entries[count++] = {function, record};
        }
      }
    }
    record += 4 + std::uint64_t{head[0]};
  }
  return count;
}

}  // namespace xgops::unwind
