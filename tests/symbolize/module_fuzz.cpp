// SPDX-License-Identifier: MIT
// Fuzz target: a whole ELF file, read by us and by elfutils. Its inputs are larger than those of
// the other targets, so scripts/fuzz leaves it out; begin with the fixtures:
//   build/fuzz/bin/fuzz_module learned build/dev/tests/symbolize/fixtures
#include "elf_image.hpp"
#include "module_files.hpp"
#include "module_names.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace symbolize = xgops::symbolize;
  auto image = symbolize::ElfImage::from_bytes({data, size}, "input");
  if (!image) {
    return 0;
  }
  symbolize::ModuleFiles files;
  files.main = *std::move(image);
  static_cast<void>(files.main->debug_link());
  static_cast<void>(files.main->alternate_link());
  symbolize::ModuleNames names(std::move(files), symbolize::SymbolizerOptions{});
  for (std::uint64_t address = 0x1000; address < 0x3000; address += 61) {
    static_cast<void>(names.at(address));
  }
  return 0;
}
