// SPDX-License-Identifier: MIT
// All targets of payload_fuzz.cpp that come from the catalog in one program, which replays the
// folder's.
#include "payload.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

namespace {

using namespace xgops::protocol;  // NOLINT(google-build-using-namespace): the build names messages.

struct Target {
  std::string_view name;
  void (*try_payload)(const std::uint8_t* data, std::size_t size);
};

#define XGOPS_TARGET(name, Message) Target{name, &xgops::fuzz::try_payload<Message>},
constexpr std::array kTargets{XGOPS_FUZZ_MESSAGES};
#undef XGOPS_TARGET

const Target* g_target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const std::string wanted = *argc > 1 ? std::filesystem::path((*argv)[1]).filename().string() : "";
  for (const Target& target : kTargets) {
    if (target.name == wanted) {
      g_target = &target;
      return 0;
    }
  }
  std::cerr << "no message " << wanted << "\n";
  return 1;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  g_target->try_payload(data, size);
  return 0;
}
