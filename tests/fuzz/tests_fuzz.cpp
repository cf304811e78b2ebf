// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as the tests that a program lists, as a baseline and as what a test
// writes.
#include "invariant.hpp"
#include "output/test_output.hpp"
#include "support/failure.hpp"
#include "testing/baseline.hpp"
#include "testing/frameworks.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace xgops;  // NOLINT(google-build-using-namespace): of one file.

void try_list(cli::Framework framework, std::string_view text) {
  for (const std::string& test : cli::parse_test_list(framework, text, {})) {
    fuzz::require(!test.empty() && test.find('\n') == std::string::npos, "a test has one name");
    const std::vector<std::string> arguments = cli::arguments_for(framework, {"-v"}, test);
    fuzz::require(arguments.size() >= 2, "a test is chosen by an argument more");
  }
}

void try_baseline(std::string_view text) {
  const auto known = cli::parse_baseline(text);
  if (!known) {
    fuzz::require(known.error().code == cli::Failure::kUsage, "a bad baseline is wrong usage");
    return;
  }
  for (const cli::KnownLeak& leak : *known) {
    fuzz::require(!leak.reason.empty() && cli::is_day(leak.expires),
                  "each entry has a reason and an end");
  }
}

void try_documents(std::string_view text) {
  cli::TestsReport report;
  report.program = std::string(text.substr(0, text.size() / 2));
  cli::TestResult test;
  test.name = std::string(text);
  test.outcome = cli::TestOutcome::kFailed;
  test.output = std::string(text.substr(text.size() / 2));
  report.tests.push_back(test);
  for (const char c : cli::tests_junit(report)) {
    const auto byte = static_cast<unsigned char>(c);
    fuzz::require(byte >= 0x20 || byte == '\n', "XML has no control characters");
  }
  (void)cli::tests_sarif(report);
  (void)cli::tests_text(report, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const cli::Framework framework :
       {cli::Framework::kGoogleTest, cli::Framework::kCatch2, cli::Framework::kDoctest}) {
    try_list(framework, text);
  }
  try_baseline(text);
  try_documents(text);
  return 0;
}
