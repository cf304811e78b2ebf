// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "bodies.hpp"
#include "names.hpp"

#include <doctest/doctest.h>

XGOPS_SUITE_TESTS(TEST_CASE)

TEST_CASE("is skipped" * doctest::skip()) {
  bodies::crash();
}
