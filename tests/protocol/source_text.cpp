// SPDX-License-Identifier: MIT
// A reader for the small part of C++ and Markdown that our headers and PROTOCOL.md use.
#include "source_text.hpp"

#include "support/paths.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace xgops::test {
namespace {

constexpr std::string_view kProtocolHeaders = "protocol/include/xgops/protocol";

bool is_identifier_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) {
    return {};
  }
  return std::string(text.substr(first, text.find_last_not_of(" \t\n") - first + 1));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

/// The word that starts at `position`, after blanks.
std::string word_at(std::string_view text, std::size_t position) {
  position = std::min(text.find_first_not_of(" \t\n", position), text.size());
  auto end = position;
  while (end < text.size() && is_identifier_character(text[end])) {
    ++end;
  }
  return std::string(text.substr(position, end - position));
}

/// `4 * 1024` or `5'000`; nothing for anything else.
std::optional<std::uint64_t> evaluate(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\''), text.end());
  std::uint64_t product = 1;
  for (const std::string& factor : split(text, '*')) {
    if (factor.empty() || factor.find_first_not_of("0123456789") != std::string::npos) {
      return std::nullopt;
    }
    product *= std::stoull(factor);
  }
  return product;
}

std::vector<std::string> header_paths() {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(source_path(kProtocolHeaders))) {
    if (entry.path().extension() == ".hpp") {
      paths.push_back(std::filesystem::relative(entry.path(), source_path(".")).string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::string read_source(std::string_view relative_path) {
  const auto path = source_path(relative_path);
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error("cannot read " + path.string());
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string without_comments(std::string_view text) {
  std::string result;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    result += line.substr(0, line.find("//"));
    result += '\n';
  }
  return result;
}

std::vector<NamedValue> constants_of(std::string_view header) {
  constexpr std::string_view kStart = "inline constexpr ";
  const std::string text = without_comments(header);
  std::vector<NamedValue> constants;
  for (auto at = text.find(kStart); at != std::string::npos; at = text.find(kStart, at + 1)) {
    const std::string declaration = text.substr(at, text.find(';', at) - at);
    const auto initializer = declaration.find_first_of("={");
    if (initializer == std::string::npos) {
      continue;
    }
    const std::string declared = trimmed(std::string_view(declaration).substr(0, initializer));
    std::string value = declaration.substr(initializer + 1);
    value.resize(std::min(value.find('}'), value.size()));
    if (const auto number = evaluate(value)) {
      constants.push_back({declared.substr(declared.rfind(' ') + 1), *number});
    }
  }
  return constants;
}

std::map<std::string, std::vector<NamedValue>> enumerations_of(std::string_view header) {
  const std::string text = without_comments(header);
  std::map<std::string, std::vector<NamedValue>> result;
  for (auto at = text.find("\nenum "); at != std::string::npos; at = text.find("\nenum ", at + 1)) {
    std::string name = word_at(text, at + 6);
    if (name == "class") {
      name = word_at(text, at + 12);
    }
    const auto open = text.find('{', at);
    std::uint64_t next = 0;
    for (const std::string& item :
         split(text.substr(open + 1, text.find('}', open) - open - 1), ',')) {
      const auto equals = item.find('=');
      const std::string enumerator = trimmed(std::string_view(item).substr(0, equals));
      if (enumerator.empty() || enumerator == "kLast") {
        continue;
      }
      const std::uint64_t value =
          equals == std::string::npos ? next : evaluate(item.substr(equals + 1)).value();
      result[name].push_back({enumerator, value});
      next = value + 1;
    }
  }
  return result;
}

std::map<std::string, std::vector<std::string>> serialized_fields_of(std::string_view header) {
  const std::string text = without_comments(header);
  std::map<std::string, std::vector<std::string>> result;
  std::vector<std::string> scopes;  // Names of the open braces; empty for those of no struct.
  std::string pending;              // The struct whose brace comes next.
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool starts_word =
        is_identifier_character(text[at]) && (at == 0 || !is_identifier_character(text[at - 1]));
    if (text[at] == '{') {
      scopes.push_back(std::exchange(pending, {}));
    } else if (text[at] == '}') {
      scopes.pop_back();
    } else if (text[at] == ';') {
      pending.clear();
    } else if (starts_word && word_at(text, at) == "struct") {
      pending = word_at(text, at + 6);
    } else if (starts_word && text.compare(at, 8, "archive(") == 0) {
      std::string name;
      for (const std::string& scope : scopes) {
        if (!scope.empty()) {
          name += (name.empty() ? "" : "::") + scope;
        }
      }
      result[name] = split(text.substr(at + 8, text.find(')', at) - at - 8), ',');
    }
  }
  return result;
}

const std::map<std::string, std::vector<std::string>>& all_serialized_fields() {
  static const auto fields = [] {
    std::map<std::string, std::vector<std::string>> all;
    for (const std::string& path : header_paths()) {
      all.merge(serialized_fields_of(read_source(path)));
    }
    return all;
  }();
  return fields;
}

std::map<std::string, std::vector<NamedValue>> all_enumerations() {
  std::map<std::string, std::vector<NamedValue>> all;
  for (const std::string& path : header_paths()) {
    all.merge(enumerations_of(read_source(path)));
  }
  return all;
}

std::vector<std::vector<std::string>> document_table(std::string_view document,
                                                     std::string_view heading) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines{std::string(document)};
  bool below_heading = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) {
      if (below_heading) {
        break;
      }
      below_heading = line.find(heading) != std::string::npos;
    } else if (below_heading && line.starts_with('|')) {
      line.erase(std::remove(line.begin(), line.end(), '`'), line.end());
      const auto cells = split(line, '|');
      rows.emplace_back(cells.begin() + 1, cells.end() - 1);
    } else if (!rows.empty()) {
      break;
    }
  }
  // The first two rows are the titles and the rule below them.
  const auto titles = std::min<std::ptrdiff_t>(2, std::ssize(rows));
  rows.erase(rows.begin(), rows.begin() + titles);
  return rows;
}

}  // namespace xgops::test
