// SPDX-License-Identifier: MIT
#define CATCH_CONFIG_MAIN
#include "bodies.hpp"
#include "names.hpp"

#include <catch2/catch.hpp>

XGOPS_SUITE_TESTS(TEST_CASE)

TEST_CASE("is hidden", "[.]") {
  bodies::crash();
}
