// SPDX-License-Identifier: MIT
// Copying the vdso out of a process.
#include "vdso.hpp"

#include <cerrno>
#include <utility>

#include <elf.h>
#include <sys/auxv.h>

namespace xgops::symbolize {

namespace {

constexpr std::uint64_t kMaxVdsoBytes = 1U << 20U;

Result<std::unique_ptr<ElfImage>> open_our_own() {
  // The kernel put this image into our address space: its header is right.
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(  // NOLINT(performance-no-int-to-ptr)
      ::getauxval(AT_SYSINFO_EHDR));
  if (header == nullptr) {
    return system_error(ENOENT, "[vdso]");
  }
  // The section headers are the last thing in it.
  const std::uint64_t size = header->e_shoff + std::uint64_t{header->e_shnum} * header->e_shentsize;
  if (size > kMaxVdsoBytes) {
    return system_error(ENOEXEC, "[vdso]");
  }
  return ElfImage::from_bytes(
      {reinterpret_cast<const std::uint8_t*>(header), static_cast<std::size_t>(size)}, "[vdso]");
}

}  // namespace

Result<std::unique_ptr<ElfImage>> open_vdso(TargetFiles& target, std::uint64_t begin,
                                            std::uint64_t end, const BuildId& build_id) {
  if (begin < end && end - begin <= kMaxVdsoBytes) {
    if (const auto bytes = target.read_memory(begin, end - begin)) {
      if (auto image = ElfImage::from_bytes(bytes.value(), "[vdso]")) {
        return image;
      }
    }
  }
  auto own = open_our_own();
  if (own && (build_id.empty() || own.value()->build_id() != build_id)) {
    return system_error(EACCES, "[vdso]");
  }
  return own;
}

}  // namespace xgops::symbolize
