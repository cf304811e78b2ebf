// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "leaky.hpp"
#include <xgops/leak_check_doctest.hpp>

#include <doctest/doctest.h>

TEST_CASE("cancels") {
  (void)service();
  XGOPS_LEAK_CHECK(xgops::LeakOptions().within(std::chrono::milliseconds(500)));
  service().ask(false);
}
TEST_CASE("forgets") {
  (void)service();
  XGOPS_LEAK_CHECK(xgops::LeakOptions().within(std::chrono::milliseconds(500)));
  service().ask(true);
}
TEST_CASE_FIXTURE(xgops::LeakCheckedTest, "does nothing") {
  CHECK(true);
}
