// SPDX-License-Identifier: MIT
// Stands in for libFuzzer with any compiler: runs a fuzz target once on every file of a folder.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// A target may have one.
extern "C" [[gnu::weak]] int LLVMFuzzerInitialize(int* argc, char*** argv);

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " FOLDER\n";
    return 2;
  }
  if (LLVMFuzzerInitialize != nullptr && LLVMFuzzerInitialize(&argc, &argv) != 0) {
    return 2;
  }
  std::size_t files = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(file), {});
    if (!file) {
      std::cerr << "cannot read " << entry.path() << "\n";
      return 1;
    }
    // With a flush, so that the culprit is on screen when the target aborts.
    std::cout << entry.path() << ", " << input.size() << " bytes" << std::endl;
    // Exactly as large as the input, so that a sanitizer sees the first byte read beyond it.
    const std::vector<std::uint8_t> bytes(input.begin(), input.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    ++files;
  }
  if (error || files == 0) {
    std::cerr << "no corpus in " << argv[1] << "; scripts/update-golden writes the seeds\n";
    return 1;
  }
  return 0;
}
