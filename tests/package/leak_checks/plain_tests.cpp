// SPDX-License-Identifier: MIT
// Without a framework.
#include "leaky.hpp"
#include <xgops/leak_check.hpp>

#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  (void)service();
  const bool forgets = argc < 2 || std::strcmp(argv[1], "cancels") != 0;
  xgops::LeakCheck check(xgops::LeakOptions().within(std::chrono::milliseconds(500)));
  service().ask(forgets);
  const xgops::LeakReport report = check.verify();
  std::printf("%s%s", report ? "passed: " : "failed: ", report.text().c_str());
  return report ? 0 : 1;
}
