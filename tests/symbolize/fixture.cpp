// SPDX-License-Identifier: MIT
// Starting fixtures and reading their facts.
#include "fixture.hpp"

#include "elf_image.hpp"
#include "unique_fd.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fcntl.h>

namespace xgops::symbolize::test {

namespace {

using xgops::test::Launch;
using xgops::test::TargetOptions;
using xgops::test::TargetProcess;

TargetProcess spawn(std::vector<std::string> command) {
  TargetOptions options;
  options.launch = Launch::kPlain;
  options.arguments.assign(std::next(command.begin()), command.end());
  return TargetProcess::spawn_program(command.front(), std::move(options));
}

FixtureFacts read_facts(TargetProcess& process) {
  if (!process.wait_ready()) {
    throw std::runtime_error("the fixture did not get ready: " + process.log());
  }
  FixtureFacts facts;
  for (const auto& fact : process.facts()) {
    if (fact.at("name") == "module") {
      Module module;
      module.path = fact.at("path");
      module.begin = fact.at("begin");
      module.end = fact.at("end");
      module.bias = fact.at("bias");
      if (facts.modules.empty()) {
        module.build_id = build_id_of("/proc/" + std::to_string(process.pid()) + "/exe");
      }
      facts.modules.push_back(std::move(module));
    } else {
      ProbedCall call;
      call.address = fact.at("address");
      call.lines = fact.at("lines").get<std::array<std::uint32_t, 3>>();
      facts.calls.emplace(fact.at("name").get<std::string>(), call);
    }
  }
  return facts;
}

}  // namespace

std::filesystem::path fixture_path(const std::string& name) {
  return std::filesystem::path(XGOPS_FIXTURES_PATH) / name;
}

bool has_fixture(const std::string& name) {
  return std::filesystem::exists(fixture_path(name));
}

std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error("cannot read " + path.string());
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_bytes(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

std::vector<std::uint8_t> build_id_of(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto image = ElfImage::open(file.get(), path.string());
  return image ? image.value()->build_id() : std::vector<std::uint8_t>{};
}

RunningFixture::RunningFixture(const std::filesystem::path& path)
    : RunningFixture(std::vector<std::string>{path.string()}) {}

RunningFixture::RunningFixture(std::vector<std::string> command)
    : process_(spawn(std::move(command))), facts_(read_facts(process_)) {}

Symbolizer RunningFixture::symbolizer(SymbolizerOptions options) const {
  Symbolizer symbolizer(std::move(options));
  for (const auto& module : facts_.modules) {
    symbolizer.add_module(module);
  }
  return symbolizer;
}

std::vector<std::string> described(const std::vector<Symbol>& symbols) {
  std::vector<std::string> lines;
  lines.reserve(symbols.size());
  for (const auto& symbol : symbols) {
    lines.push_back(symbol.function + " at " +
                    std::filesystem::path(symbol.file).filename().string() + ":" +
                    std::to_string(symbol.line));
  }
  return lines;
}

SymbolizerOptions paths_only() {
  SymbolizerOptions options;
  options.debug_directories.clear();
  return options;
}

SymbolizerOptions with_process(const RunningFixture& fixture) {
  SymbolizerOptions options = paths_only();
  options.pid = fixture.pid();
  return options;
}

}  // namespace xgops::symbolize::test
