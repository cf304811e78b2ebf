// SPDX-License-Identifier: MIT
// Comparison with files that are reviewed like code.
#include "cli/support/golden.hpp"

#include "support/paths.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace xgops::test {

void expect_golden(std::string_view name, const std::string& actual) {
  const auto path = source_path("tests/golden/cli") / name;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
  if (std::getenv("XGOPS_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << actual;
    ADD_FAILURE() << "wrote " << path << ": review it";
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.is_open()) << path << " is missing; XGOPS_UPDATE_GOLDEN=1 writes it";
  const std::string expected((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(actual, expected) << "differs from " << path;
}

void expect_golden_json(std::string_view name, const std::string& actual) {
  const auto document = nlohmann::ordered_json::parse(actual, nullptr, false);
  ASSERT_FALSE(document.is_discarded()) << actual;
  expect_golden(name, document.dump(2) + "\n");
}

}  // namespace xgops::test
