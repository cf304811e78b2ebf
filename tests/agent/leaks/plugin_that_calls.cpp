// SPDX-License-Identifier: MIT
// Calls what the program has put into its environment, while it is loaded.
#include <cstdint>
#include <cstdlib>

namespace {

// NOLINTBEGIN(concurrency-mt-unsafe): nobody changes the environment meanwhile.
[[gnu::constructor]] void call() {
  if (const char* const address = std::getenv("XGOPS_TEST_CALLED_ON_LOAD")) {
    const auto number = static_cast<std::uintptr_t>(std::strtoull(address, nullptr, 0));
    reinterpret_cast<void (*)()>(number)();  // NOLINT(performance-no-int-to-ptr)
  }
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace
