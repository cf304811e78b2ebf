// SPDX-License-Identifier: MIT
// Declares options once, for the parser and for the documentation.
#pragma once

#include "report/command_model.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own.
class App;
class Option;
}  // namespace CLI

namespace xgops::cli {

/// Every method adds one option to the parser and to the model. Targets must outlive the parsing.
class OptionSet {
 public:
  OptionSet(CLI::App& app, CommandModel& model) : app_(app), model_(model) {}

  /// `names` is "-f,--flag" or "--flag".
  void flag(const std::string& names, bool& target, const std::string& summary, bool value = true);
  void text(const std::string& names, const std::string& value_name, std::string& target,
            const std::string& summary, Completes completes = Completes::kNothing);
  void number(const std::string& names, const std::string& value_name, std::uint32_t& target,
              std::uint32_t min, std::uint32_t max, const std::string& summary,
              Completes completes = Completes::kNothing);
  /// A 64-bit number that is not 0.
  void id(const std::string& names, const std::string& value_name, std::uint64_t& target,
          const std::string& summary);
  void duration(const std::string& names, std::chrono::milliseconds& target,
                std::chrono::milliseconds min, const std::string& summary);
  /// Bytes, written like 512MiB; not 0.
  void size(const std::string& names, std::uint64_t& target, const std::string& summary);

  template <class Enum>
  void choice(const std::string& names, const std::string& value_name, Enum& target,
              std::vector<std::pair<std::string, Enum>> choices, const std::string& summary) {
    std::vector<std::string> words;
    words.reserve(choices.size());
    for (const auto& entry : choices) {
      words.push_back(entry.first);
    }
    choice_of(names, value_name, std::move(words), summary,
              [&target, choices = std::move(choices)](std::size_t index) {
                target = choices[index].second;
              });
  }

  /// A positional argument that may be missing.
  void argument(ArgumentModel model, std::string& target);
  /// All that is left, untouched: options after the first word belong to it.
  void rest(ArgumentModel model);

 private:
  using Assign = std::function<void(std::size_t)>;

  void choice_of(const std::string& names, const std::string& value_name,
                 std::vector<std::string> words, const std::string& summary, const Assign& assign);
  OptionModel& remember(const std::string& names, const std::string& value_name,
                        const std::string& summary);

  CLI::App& app_;
  CommandModel& model_;
};

}  // namespace xgops::cli
