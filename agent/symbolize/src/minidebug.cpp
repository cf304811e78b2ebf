// SPDX-License-Identifier: MIT
// Unpacking .gnu_debugdata.
#include "minidebug.hpp"

#include <utility>
#include <vector>

#include <lzma.h>

namespace xgops::symbolize {

namespace {

constexpr std::uint64_t kMaxDecoderBytes = 128U << 20U;
constexpr std::size_t kMaxUnpackedBytes = 256U << 20U;
constexpr std::size_t kStepBytes = 256U << 10U;

std::vector<std::uint8_t> unpack(std::span<const std::uint8_t> packed) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, kMaxDecoderBytes, 0) != LZMA_OK) {
    return {};
  }
  std::vector<std::uint8_t> unpacked;
  stream.next_in = packed.data();
  stream.avail_in = packed.size();
  auto result = LZMA_OK;
  while (result == LZMA_OK && unpacked.size() < kMaxUnpackedBytes) {
    const auto done = unpacked.size();
    unpacked.resize(done + kStepBytes);
    stream.next_out = unpacked.data() + done;
    stream.avail_out = kStepBytes;
    result = lzma_code(&stream, LZMA_FINISH);
    unpacked.resize(unpacked.size() - stream.avail_out);
  }
  lzma_end(&stream);
  return result == LZMA_STREAM_END ? unpacked : std::vector<std::uint8_t>{};
}

}  // namespace

std::unique_ptr<ElfImage> open_minidebug(const ElfImage& image) {
  const auto packed = image.contents(".gnu_debugdata");
  if (packed.empty()) {
    return nullptr;
  }
  auto inner = ElfImage::from_bytes(unpack(packed), image.name() + " (.gnu_debugdata)");
  return inner ? *std::move(inner) : nullptr;
}

}  // namespace xgops::symbolize
