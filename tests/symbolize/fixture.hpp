// SPDX-License-Identifier: MIT
// Running a program of fixtures/ and knowing what its addresses mean.
#pragma once

#include "support/target_process.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xgops::symbolize::test {

[[nodiscard]] std::filesystem::path fixture_path(const std::string& name);
/// Whether the build made it: some need a tool that is not everywhere.
[[nodiscard]] bool has_fixture(const std::string& name);

[[nodiscard]] std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes);
[[nodiscard]] std::vector<std::uint8_t> build_id_of(const std::filesystem::path& path);

/// Where a call was recorded, and the lines of it and of the calls around it, innermost first.
struct ProbedCall {
  std::uint64_t address = 0;
  std::array<std::uint32_t, 3> lines{};
};

/// What a fixture says about itself.
struct FixtureFacts {
  std::vector<Module> modules;  ///< The program itself first; with its build-id.
  std::map<std::string, ProbedCall> calls;

  [[nodiscard]] const Module& main_module() const { return modules.front(); }
};

/// A running fixture, started from `path`.
class RunningFixture {
 public:
  explicit RunningFixture(const std::filesystem::path& path);
  /// The same through a program that changes something before it runs its last argument.
  explicit RunningFixture(std::vector<std::string> command);

  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  [[nodiscard]] const FixtureFacts& facts() const { return facts_; }
  [[nodiscard]] const ProbedCall& call(const std::string& name) const {
    return facts_.calls.at(name);
  }

  /// A symbolizer that knows the modules of the fixture.
  [[nodiscard]] Symbolizer symbolizer(SymbolizerOptions options) const;

 private:
  xgops::test::TargetProcess process_;
  FixtureFacts facts_;
};

/// "function at file:line" of each entry, without directories: for comparisons and messages.
[[nodiscard]] std::vector<std::string> described(const std::vector<Symbol>& symbols);

/// Options without a process: the files are found by their paths.
[[nodiscard]] SymbolizerOptions paths_only();
/// Options with the process of `fixture`.
[[nodiscard]] SymbolizerOptions with_process(const RunningFixture& fixture);

}  // namespace xgops::symbolize::test
