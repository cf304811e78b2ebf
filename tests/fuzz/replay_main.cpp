// SPDX-License-Identifier: MIT
// Stands in for libFuzzer with any compiler: runs a fuzz target once on every file of a folder.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  std::size_t files = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(file), {});
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", entry.path().c_str());
      return 1;
    }
    std::printf("%s, %zu bytes\n", entry.path().c_str(), input.size());
    std::fflush(stdout);  // So that the culprit is on screen when the target aborts.
    // Exactly as large as the input, so that a sanitizer sees the first byte read beyond it.
    const std::vector<std::uint8_t> bytes(input.begin(), input.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    ++files;
  }
  if (error || files == 0) {
    std::fprintf(stderr, "no corpus in %s; scripts/update-golden writes the seeds\n", argv[1]);
    return 1;
  }
  return 0;
}
