// SPDX-License-Identifier: MIT
// Files cut off or with wrong bytes: whatever the answer, nothing may crash, hang or grow.
#include "fixture.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <elf.h>

namespace xgops::symbolize::test {

namespace {

constexpr std::uint64_t kEnd = 0x10000;

/// Asks for all that a file may know.
void use(const std::filesystem::path& path) {
  Symbolizer symbolizer(paths_only());
  Module module;
  module.begin = 1;
  module.end = kEnd;
  module.path = path;
  symbolizer.add_module(module);
  constexpr std::uint64_t kStep = 23;
  for (std::uint64_t address = 0x1000; address < 0x3000; address += kStep) {
    const auto& symbols = symbolizer.symbolize(address, true);
    ASSERT_FALSE(symbols.empty());
    ASSERT_LT(symbols.size(), 2000U);
  }
  static_cast<void>(symbolizer.notes());
}

struct Extent {
  std::size_t begin = 0;
  std::size_t size = 0;
};

/// The parts of a file worth damaging: its headers, its symbols and its debug information.
std::vector<Extent> interesting_parts(const std::vector<std::uint8_t>& bytes) {
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), bytes.data() + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  std::vector<Extent> parts = {{0, sizeof header},
                               {header.e_shoff, sections.size() * sizeof(Elf64_Shdr)}};
  for (const auto& section : sections) {
    const bool debug = section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_ALLOC) == 0;
    if (debug || section.sh_type == SHT_SYMTAB || section.sh_type == SHT_NOTE) {
      parts.push_back({section.sh_offset, section.sh_size});
    }
  }
  return parts;
}

class DamagedFilesTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!has_fixture(GetParam())) {
      GTEST_SKIP() << "not built: its compiler is not installed";
    }
    bytes_ = read_bytes(fixture_path(GetParam()));
  }

  void use_bytes(const std::vector<std::uint8_t>& bytes) {
    const auto path = directory_.path() / "damaged";
    write_bytes(path, bytes);
    use(path);
  }

  std::vector<std::uint8_t> bytes_;
  xgops::test::TempDir directory_;
};

}  // namespace

TEST_P(DamagedFilesTest, SurvivesAFileThatIsCutOff) {
  constexpr std::size_t kSteps = 60;
  for (std::size_t step = 1; step <= kSteps; ++step) {
    auto cut = bytes_;
    cut.resize(bytes_.size() * step / (kSteps + 1));
    SCOPED_TRACE("first " + std::to_string(cut.size()) + " bytes");
    use_bytes(cut);
  }
}

TEST_P(DamagedFilesTest, SurvivesWrongBytes) {
  const auto parts = interesting_parts(bytes_);
  constexpr unsigned kVariants = 200;
  for (unsigned seed = 0; seed < kVariants; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);  // NOLINT(cert-msc51-cpp): the same files in every run.
    auto damaged = bytes_;
    const auto changes = 1 + random() % 12;
    for (std::size_t change = 0; change < changes; ++change) {
      const auto& part = parts[random() % parts.size()];
      if (part.size == 0) {
        continue;
      }
      auto& byte = damaged[part.begin + random() % part.size];
      const std::uint8_t values[] = {0,
                                     0x7f,
                                     0x80,
                                     0xff,
                                     static_cast<std::uint8_t>(random()),
                                     static_cast<std::uint8_t>(byte ^ (1U << (random() % 8)))};
      byte = values[random() % std::size(values)];
    }
    use_bytes(damaged);
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, DamagedFilesTest,
                         testing::Values("gcc_dwarf5", "gcc_dwarf4", "gcc_compressed",
                                         "clang_dwarf5"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace xgops::symbolize::test
