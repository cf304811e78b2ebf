// SPDX-License-Identifier: MIT
// Reads, writes and compares golden files.
#include "golden_file.hpp"

#include "support/paths.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace xgops::test {
namespace {

constexpr std::size_t kBytesPerLine = 16;
constexpr std::size_t kNoteColumn = 3 * kBytesPerLine + 1;

std::string hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += text.empty() ? "" : " ";
    text += kDigits[std::to_integer<std::size_t>(byte) / 16];
    text += kDigits[std::to_integer<std::size_t>(byte) % 16];
  }
  return text;
}

unsigned digit_value(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = kDigits.find(c);
  if (value == std::string_view::npos) {
    throw std::invalid_argument(std::string("not a lower-case hexadecimal digit: ") + c);
  }
  return static_cast<unsigned>(value);
}

}  // namespace

bool updating_golden_files() {
  const char* value = std::getenv("XGOPS_UPDATE_GOLDEN");  // NOLINT(concurrency-mt-unsafe)
  return value != nullptr && std::string_view(value) == "1";
}

std::filesystem::path golden_path(std::string_view name) {
  return source_path("tests/golden/protocol") / (std::string(name) + ".hex");
}

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::nullopt;
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void write_file(const std::filesystem::path& path, std::string_view contents) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

std::vector<std::byte> parse_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (std::isspace(static_cast<unsigned char>(text[at])) != 0) {
      ++at;
    } else if (at + 1 < text.size()) {
      bytes.push_back(
          static_cast<std::byte>(16 * digit_value(text[at]) + digit_value(text[at + 1])));
      at += 2;
    } else {
      throw std::invalid_argument("half a byte at the end");
    }
  }
  return bytes;
}

std::string annotated_hex(std::span<const std::byte> bytes,
                          const std::vector<AnnotatedField>& fields) {
  std::string text;
  for (const AnnotatedField& field : fields) {
    std::string note = std::string(2 * field.depth, ' ') + field.note;
    for (std::size_t done = 0; done == 0 || done < field.size; done += kBytesPerLine) {
      std::string line =
          hex(bytes.subspan(field.offset + done, std::min(kBytesPerLine, field.size - done)));
      if (!note.empty()) {
        line.resize(kNoteColumn, ' ');
        line += "# " + note;
        note.clear();
      }
      text += line + "\n";
    }
  }
  return text;
}

std::string describe_difference(std::span<const std::byte> expected,
                                std::span<const std::byte> actual,
                                const std::vector<AnnotatedField>& fields) {
  const auto [in_expected, in_actual] =
      std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
  const auto offset = static_cast<std::size_t>(in_expected - expected.begin());
  std::string where = "the end";
  for (const AnnotatedField& field : fields) {
    if (field.size > 0 && offset >= field.offset && offset < field.offset + field.size) {
      where = field.note;
    }
  }
  const auto excerpt = [offset](std::span<const std::byte> bytes) {
    const auto rest = bytes.subspan(offset);
    return rest.empty() ? "(ends here)" : hex(rest.first(std::min(kBytesPerLine, rest.size())));
  };
  return "first difference at byte " + std::to_string(offset) + ", in what is now\n  " + where +
         "\n  golden (" + std::to_string(expected.size()) + " bytes): " + excerpt(expected) +
         "\n  now    (" + std::to_string(actual.size()) + " bytes): " + excerpt(actual) +
         "\nA payload never changes after a release: give the new layout a message type of its own."
         "\nBefore that, run scripts/update-golden and review what it changed.";
}

}  // namespace xgops::test
