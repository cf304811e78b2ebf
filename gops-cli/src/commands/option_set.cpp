// SPDX-License-Identifier: MIT
// Declares options once, for the parser and for the documentation.
#include "commands/option_set.hpp"

#include "support/duration.hpp"
#include "support/parse.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace xgops::cli {
namespace {

/// CLI11's way to say that a value will not do; app.cpp turns it into an `Error`.
[[noreturn]] void reject(const std::string& names, const std::string& why) {
  throw CLI::ValidationError(names.substr(names.find(',') + 1), why);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

}  // namespace

OptionModel& OptionSet::remember(const std::string& names, const std::string& value_name,
                                 const std::string& summary) {
  const std::size_t comma = names.find(',');
  OptionModel option;
  option.short_name = comma == std::string::npos ? "" : names.substr(0, comma);
  option.long_name = comma == std::string::npos ? names : names.substr(comma + 1);
  option.value = value_name;
  option.summary = summary;
  model_.options.push_back(std::move(option));
  return model_.options.back();
}

void OptionSet::flag(const std::string& names, bool& target, const std::string& summary,
                     bool value) {
  remember(names, "", summary);
  app_.add_flag_callback(names, [&target, value] { target = value; });
}

void OptionSet::text(const std::string& names, const std::string& value_name, std::string& target,
                     const std::string& summary, Completes completes) {
  remember(names, value_name, summary).completes = completes;
  app_.add_option_function<std::string>(names,
                                        [&target](const std::string& value) { target = value; });
}

void OptionSet::number(const std::string& names, const std::string& value_name,
                       std::uint32_t& target, std::uint32_t min, std::uint32_t max,
                       const std::string& summary, Completes completes) {
  remember(names, value_name, summary).completes = completes;
  app_.add_option_function<std::string>(names, [=, &target](const std::string& value) {
    const auto parsed = parse_integer<std::uint32_t>(value);
    if (!parsed || *parsed < min || *parsed > max) {
      reject(names, "'" + value + "' is not a number from " + std::to_string(min) + " to " +
                        std::to_string(max));
    }
    target = *parsed;
  });
}

void OptionSet::id(const std::string& names, const std::string& value_name, std::uint64_t& target,
                   const std::string& summary) {
  remember(names, value_name, summary);
  app_.add_option_function<std::string>(names, [names, &target](const std::string& value) {
    const auto parsed = parse_integer<std::uint64_t>(value);
    if (!parsed || *parsed == 0) {
      reject(names, "'" + value + "' is no id");
    }
    target = *parsed;
  });
}

void OptionSet::duration(const std::string& names, std::chrono::milliseconds& target,
                         std::chrono::milliseconds min, const std::string& summary) {
  remember(names, "TIME", summary);
  app_.add_option_function<std::string>(names, [=, &target](const std::string& value) {
    const auto parsed = parse_duration(value);
    if (!parsed) {
      const Error& error = parsed.error();
      reject(names, error.context + (error.hint.empty() ? "" : "; " + error.hint));
    }
    if (*parsed < min) {
      reject(names, "'" + value + "' is less than " + std::to_string(min.count()) + "ms");
    }
    target = *parsed;
  });
}

void OptionSet::size(const std::string& names, std::uint64_t& target, const std::string& summary) {
  remember(names, "SIZE", summary);
  app_.add_option_function<std::string>(names, [names, &target](const std::string& value) {
    const auto parsed = parse_size(value);
    if (!parsed) {
      reject(names, parsed.error().context + "; " + parsed.error().hint);
    }
    target = *parsed;
  });
}

void OptionSet::choice_of(const std::string& names, const std::string& value_name,
                          std::vector<std::string> words, const std::string& summary,
                          const Assign& assign) {
  remember(names, value_name, summary).choices = words;
  app_.add_option_function<std::string>(
      names, [names, words = std::move(words), assign](const std::string& value) {
        const auto found = std::find(words.begin(), words.end(), value);
        if (found == words.end()) {
          reject(names, "'" + value + "' is none of " + joined(words));
        }
        assign(static_cast<std::size_t>(found - words.begin()));
      });
}

void OptionSet::argument(ArgumentModel model, std::string& target) {
  app_.add_option_function<std::string>(model.name,
                                        [&target](const std::string& value) { target = value; });
  model_.arguments.push_back(std::move(model));
}

void OptionSet::rest(ArgumentModel model) {
  app_.prefix_command();
  model.many = true;
  model_.arguments.push_back(std::move(model));
}

}  // namespace xgops::cli
