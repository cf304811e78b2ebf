// SPDX-License-Identifier: MIT
#define CATCH_CONFIG_MAIN
#include "leaky.hpp"
#include <xgops/leak_check_catch2.hpp>

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
TEST_CASE_METHOD(xgops::LeakCheckedTest, "does nothing") {
  CHECK(true);
}
