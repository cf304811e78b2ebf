// SPDX-License-Identifier: MIT
// Copying the vdso out of a process.
#include "vdso.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <elf.h>
#include <sys/auxv.h>

namespace xgops::symbolize {

namespace {

constexpr std::uint64_t kMaxVdsoBytes = 1U << 20U;

/// Size of the image: its section headers are the last thing in it.
std::uint64_t size_in(const Elf64_Ehdr& header) {
  return header.e_shoff + std::uint64_t{header.e_shnum} * header.e_shentsize;
}

Result<std::unique_ptr<ElfImage>> open_our_own() {
  // The kernel put this image into our address space: its header is right.
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(  // NOLINT(performance-no-int-to-ptr)
      ::getauxval(AT_SYSINFO_EHDR));
  if (header == nullptr) {
    return system_error(ENOENT, "[vdso]");
  }
  const std::uint64_t size = size_in(*header);
  if (size > kMaxVdsoBytes) {
    return system_error(ENOEXEC, "[vdso]");
  }
  return ElfImage::from_bytes({reinterpret_cast<const std::uint8_t*>(header), size}, "[vdso]");
}

/// Copies the image at `begin`. The segments that a loader reports end before the section headers.
Result<std::unique_ptr<ElfImage>> copy_image(TargetFiles& target, std::uint64_t begin) {
  Elf64_Ehdr header = {};
  const auto beginning = target.read_memory(begin, sizeof header);
  if (!beginning) {
    return beginning.error();
  }
  std::memcpy(&header, beginning.value().data(), std::min(sizeof header, beginning.value().size()));
  const auto bytes = target.read_memory(begin, std::min(size_in(header), kMaxVdsoBytes));
  if (!bytes) {
    return bytes.error();
  }
  return ElfImage::from_bytes(bytes.value(), "[vdso]");
}

}  // namespace

Result<std::unique_ptr<ElfImage>> open_vdso(TargetFiles& target, std::uint64_t begin,
                                            const BuildId& build_id) {
  if (auto image = copy_image(target, begin)) {
    return image;
  }
  auto own = open_our_own();
  if (own && (build_id.empty() || own.value()->build_id() != build_id)) {
    return system_error(EACCES, "[vdso]");
  }
  return own;
}

}  // namespace xgops::symbolize
