// SPDX-License-Identifier: MIT
// Running addr2line and reading its output.
#include "addr2line.hpp"

#include "elf_image.hpp"
#include "support/command.hpp"
#include "unique_fd.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>

namespace xgops::symbolize::test {

namespace {

Symbol parse_entry(std::string function, const std::string& position) {
  Symbol symbol;
  symbol.function = function == "??" ? std::string{} : std::move(function);
  const auto end = std::min(position.find(" (discriminator"), position.size());
  const auto colon = position.rfind(':', end);
  symbol.file = position.substr(0, colon);
  symbol.file = symbol.file == "??" ? std::string{} : symbol.file;
  std::from_chars(position.data() + colon + 1, position.data() + end, symbol.line);
  return symbol;
}

/// The last part of a name: `run` of `fixture::calls_local_class(int)::Local::run(int) const`.
std::string last_part(const std::string& name) {
  std::string flat;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (depth == 0 && name.compare(i, 10, "operator()") == 0) {
      flat += "operator";
      i += 9;
      continue;
    }
    const char character = name[i];
    depth += character == '(' || character == '<' || character == '{' || character == '[' ? 1 : 0;
    if (depth == 0) {
      flat += character;
    }
    depth -= character == ')' || character == '>' || character == '}' || character == ']' ? 1 : 0;
  }
  flat = flat.substr(0, flat.rfind(" const"));
  while (!flat.empty() && flat.back() == ' ') {
    flat.pop_back();
  }
  return flat.substr(flat.find_last_of(": ") + 1);
}

}  // namespace

std::vector<std::uint64_t> function_addresses(const std::filesystem::path& file,
                                              const std::string& part) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const auto image = ElfImage::open(fd.get(), file.string());
  if (!image) {
    throw std::runtime_error(image.error().message());
  }
  constexpr std::uint64_t kStep = 3;
  std::vector<std::uint64_t> addresses;
  for (const auto& table : image.value()->symbol_tables(SHT_SYMTAB)) {
    for (const auto& symbol : table.symbols) {
      if ((symbol.st_info & 0xfU) != STT_FUNC || symbol.st_value == 0 ||
          table.name(symbol.st_name).find(part) == std::string_view::npos) {
        continue;
      }
      for (std::uint64_t offset = 0; offset < symbol.st_size; offset += kStep) {
        addresses.push_back(symbol.st_value + offset);
      }
    }
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

std::map<std::uint64_t, std::vector<Symbol>> addr2line(
    const std::filesystem::path& file, const std::vector<std::uint64_t>& addresses) {
  xgops::test::Command command;
  command.arguments = {"addr2line", "-a", "-f", "-i", "-C", "-e", file.string()};
  std::ostringstream input;
  for (const auto address : addresses) {
    input << "0x" << std::hex << address << '\n';
  }
  command.input = input.str();
  const auto result = xgops::test::run_command(command);
  if (result.status != 0) {
    throw std::runtime_error(xgops::test::describe(result));
  }
  std::map<std::uint64_t, std::vector<Symbol>> answers;
  std::vector<Symbol>* answer = nullptr;
  std::istringstream output(result.out);
  for (std::string line; std::getline(output, line);) {
    if (line.compare(0, 2, "0x") == 0) {
      answer = &answers[std::stoull(line, nullptr, 16)];
    } else if (std::string position; std::getline(output, position) && answer != nullptr) {
      answer->push_back(parse_entry(line, position));
    }
  }
  for (auto& [address, symbols] : answers) {
    // Where a function ends with an inlined one, binutils gives that one the name of the outer.
    if (symbols.size() > 1 && symbols.front().function == symbols.back().function) {
      symbols.front().function.clear();
    }
  }
  return answers;
}

std::vector<std::string> comparable(const std::vector<Symbol>& symbols) {
  std::vector<std::string> lines;
  lines.reserve(symbols.size());
  for (const auto& symbol : symbols) {
    lines.push_back(last_part(symbol.function) + " " +
                    std::filesystem::path(symbol.file).filename().string() + ":" +
                    std::to_string(symbol.line));
  }
  return lines;
}

}  // namespace xgops::symbolize::test
