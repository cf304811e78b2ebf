// SPDX-License-Identifier: MIT
#include "symbol_cache.hpp"

#include "byte_reader.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xgops::symbolize {
namespace {

// The last characters are the version of the format.
constexpr std::string_view kMagic = "xgops-symbols-01";
constexpr std::size_t kMaxSymbols = 1024;  // Of one address: inlined functions.

class Writer {
 public:
  template <class Unsigned>
  void number(Unsigned value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
      bytes_ += static_cast<char>(std::uint64_t{value} >> (8 * i) & 0xffU);
    }
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
  }
  void raw(std::string_view value) { bytes_ += value; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::string read_text(ByteReader& reader, std::span<const std::uint8_t> bytes) {
  const std::uint32_t size = reader.u32();
  const std::size_t begin = reader.position();
  reader.skip(size);
  return reader.ok() ? std::string(reinterpret_cast<const char*>(bytes.data()) + begin, size)
                     : std::string();
}

std::vector<std::uint8_t> read_file(int directory, const std::string& name) {
  const UniqueFd file(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_uid != ::geteuid() ||
      static_cast<std::uint64_t>(status.st_size) > SymbolCache::kMaxFileBytes) {
    return {};
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
  const ssize_t count = ::read(file.get(), bytes.data(), bytes.size());
  return count == static_cast<ssize_t>(bytes.size()) ? bytes : std::vector<std::uint8_t>();
}

bool parse(std::span<const std::uint8_t> bytes, std::uint64_t fingerprint, Answers& answers) {
  ByteReader reader(bytes);
  reader.skip(kMagic.size());
  if (!reader.ok() ||
      !std::equal(kMagic.begin(), kMagic.end(), bytes.begin(),
                  [](char a, std::uint8_t b) { return a == static_cast<char>(b); }) ||
      reader.u64() != fingerprint) {
    return false;
  }
  while (reader.ok() && !reader.at_end()) {
    Query query;
    query.address = reader.u64();
    query.exact = reader.u8() != 0;
    const std::uint16_t count = reader.u16();
    if (!reader.ok() || count > kMaxSymbols) {
      return false;
    }
    std::vector<Symbol>& symbols = answers[query];
    for (std::uint16_t i = 0; i < count && reader.ok(); ++i) {
      Symbol& symbol = symbols.emplace_back();
      symbol.function = read_text(reader, bytes);
      symbol.file = read_text(reader, bytes);
      symbol.line = reader.u32();
      symbol.column = reader.u32();
      symbol.inlined = reader.u8() != 0;
    }
  }
  return reader.ok();
}

/// Removes the files that were written longest ago.
void prune(int directory) {
  const UniqueFd listing(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(::dup(listing.get())), &::closedir);
  if (entries == nullptr) {
    return;
  }
  std::vector<std::pair<std::int64_t, std::string>> files;
  // Only this thread uses readdir on this stream.
  while (const dirent* const entry = ::readdir(entries.get())) {  // NOLINT(concurrency-mt-unsafe)
    struct stat status {};
    if (::fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode)) {
      files.emplace_back(status.st_mtim.tv_sec, entry->d_name);
    }
  }
  if (files.size() <= SymbolCache::kMaxFiles) {
    return;
  }
  std::sort(files.begin(), files.end());
  files.resize(files.size() - SymbolCache::kMaxFiles);
  for (const auto& [written, name] : files) {
    ::unlinkat(directory, name.c_str(), 0);
  }
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

UniqueFd SymbolCache::open_directory(bool create) const {
  if (directory_.empty()) {
    return {};
  }
  if (create) {
    // The parent too, one level: ~/.cache need not exist yet.
    ::mkdir(directory_.substr(0, directory_.rfind('/')).c_str(), 0700);
    ::mkdir(directory_.c_str(), 0700);
  }
  UniqueFd directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  // Names that somebody else wrote there would be shown as the truth.
  if (directory.get() < 0 || ::fstat(directory.get(), &status) != 0 ||
      status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return {};
  }
  return directory;
}

Answers SymbolCache::load(const BuildId& build_id, std::uint64_t fingerprint) const {
  const UniqueFd directory = build_id.empty() ? UniqueFd() : open_directory(false);
  Answers answers;
  if (directory.get() >= 0 &&
      !parse(read_file(directory.get(), to_hex(build_id)), fingerprint, answers)) {
    answers.clear();
  }
  return answers;
}

void SymbolCache::store(const BuildId& build_id, std::uint64_t fingerprint,
                        const Answers& answers) const {
  const UniqueFd directory = build_id.empty() ? UniqueFd() : open_directory(true);
  if (directory.get() < 0) {
    return;
  }
  Writer writer;
  writer.raw(kMagic);
  writer.number(fingerprint);
  for (const auto& [query, symbols] : answers) {
    if (symbols.size() > kMaxSymbols || writer.bytes().size() > kMaxFileBytes / 2) {
      continue;
    }
    writer.number(query.address);
    writer.number(static_cast<std::uint8_t>(query.exact));
    writer.number(static_cast<std::uint16_t>(symbols.size()));
    for (const Symbol& symbol : symbols) {
      writer.text(symbol.function);
      writer.text(symbol.file);
      writer.number(symbol.line);
      writer.number(symbol.column);
      writer.number(static_cast<std::uint8_t>(symbol.inlined));
    }
  }
  if (writer.bytes().size() > kMaxFileBytes) {
    return;
  }
  const std::string name = to_hex(build_id);
  const std::string temporary = name + '.' + std::to_string(::getpid());
  const UniqueFd file(::openat(directory.get(), temporary.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) {
    return;
  }
  if (!write_all(file.get(), writer.bytes()) ||
      ::renameat(directory.get(), temporary.c_str(), directory.get(), name.c_str()) != 0) {
    ::unlinkat(directory.get(), temporary.c_str(), 0);
    return;
  }
  prune(directory.get());
}

}  // namespace xgops::symbolize
