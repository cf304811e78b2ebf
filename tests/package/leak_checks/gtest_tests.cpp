// SPDX-License-Identifier: MIT
#include "leaky.hpp"
#include <xgops/leak_check_gtest.hpp>

#include <gtest/gtest.h>

TEST(ServiceTest, Cancels) {
  service().ask(false);
}
TEST(ServiceTest, Forgets) {
  service().ask(true);
}
TEST(ServiceTest, DoesNothing) {}

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  (void)service();  // Its threads are older than the tests.
  xgops::check_every_test(xgops::LeakOptions().within(std::chrono::milliseconds(500)));
  return RUN_ALL_TESTS();
}
