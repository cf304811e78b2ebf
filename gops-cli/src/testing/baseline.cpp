// SPDX-License-Identifier: MIT
#include "testing/baseline.hpp"

#include "support/failure.hpp"
#include "support/parse.hpp"
#include "testing/report_file.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <ctime>
#include <optional>
#include <set>
#include <utility>

namespace xgops::cli {
namespace {

using BaselineJson = nlohmann::ordered_json;

constexpr std::string_view kBaselineSchema = "xgops.baseline/1";
constexpr std::string_view kUnfilled = "TODO";
constexpr std::string_view kUnfilledReason =
    "TODO: why is it no mistake, or who will mend it by when?";

Error bad_baseline(std::string what, std::string hint = {}) {
  return failure(Failure::kUsage, "the baseline " + std::move(what), std::move(hint));
}

/// The function that created it, as entries name it: without parameters and template arguments of
/// the function itself.
std::string creator_of(const TestLeak& leak) {
  const symbolize::Symbol* const frame = own_frame(leak.created);
  return frame == nullptr ? std::string() : frame->function;
}

bool fits(const KnownLeak& known, const TestLeak& leak, const std::string& test) {
  return (known.fingerprint.empty() || known.fingerprint == leak.fingerprint) &&
         (known.created_by.empty() || matches_pattern(known.created_by, creator_of(leak))) &&
         (known.wait.empty() || matches_pattern(known.wait, leak.state)) &&
         (known.test.empty() || matches_pattern(known.test, test));
}

std::string describe_entry(const KnownLeak& known) {
  std::string text;
  const std::array<std::pair<std::string_view, const std::string*>, 4> members{{
      {"fingerprint", &known.fingerprint},
      {"created_by", &known.created_by},
      {"wait", &known.wait},
      {"test", &known.test},
  }};
  for (const auto& [name, value] : members) {
    if (!value->empty()) {
      text += (text.empty() ? "" : ", ") + std::string(name) + " " + *value;
    }
  }
  return text;
}

Result<KnownLeak> parse_entry(const BaselineJson& entry, std::size_t number) {
  const std::string which = "has an entry, number " + std::to_string(number) + ", ";
  if (!entry.is_object()) {
    return bad_baseline(which + "that is no object");
  }
  KnownLeak known;
  const std::array<std::pair<std::string_view, std::string*>, 6> members{{
      {"fingerprint", &known.fingerprint},
      {"created_by", &known.created_by},
      {"wait", &known.wait},
      {"test", &known.test},
      {"reason", &known.reason},
      {"expires", &known.expires},
  }};
  for (const auto& [name, value] : entry.items()) {
    std::string* target = nullptr;
    for (const auto& [known_name, member] : members) {
      target = name == known_name ? member : target;
    }
    if (target == nullptr) {
      return bad_baseline(which + "with a member '" + name + "' that means nothing",
                          "members are fingerprint, created_by, wait, test, reason and expires");
    }
    if (!value.is_string()) {
      return bad_baseline(which + "whose '" + name + "' is no text");
    }
    *target = value.get<std::string>();
  }
  if (known.fingerprint.empty() && known.created_by.empty()) {
    return bad_baseline(which + "that would fit any leak",
                        "it needs a fingerprint, or created_by with the function's name");
  }
  if (known.reason.find_first_not_of(" \t\n") == std::string::npos ||
      known.reason.starts_with(kUnfilled)) {
    return bad_baseline(which + "without a reason",
                        "say in `reason` why that leak is accepted: " + describe_entry(known));
  }
  if (!is_day(known.expires)) {
    return bad_baseline(which + "without a day on which it ends",
                        "`expires` takes one as YYYY-MM-DD: " + describe_entry(known));
  }
  return known;
}

}  // namespace

Day day_of(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  std::array<char, 16> text{};
  (void)::gmtime_r(&seconds, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

bool is_day(std::string_view text) {
  constexpr std::size_t kLength = 10;
  if (text.size() != kLength || text[4] != '-' || text[7] != '-') {
    return false;
  }
  const auto year = parse_integer<int>(text.substr(0, 4));
  const auto month = parse_integer<unsigned>(text.substr(5, 2));
  const auto day = parse_integer<unsigned>(text.substr(8, 2));
  return year && month && day && *year >= 0 &&
         std::chrono::year_month_day(std::chrono::year(*year), std::chrono::month(*month),
                                     std::chrono::day(*day))
             .ok();
}

Result<std::vector<KnownLeak>> parse_baseline(std::string_view file) {
  if (file.size() > kMaxBaselineBytes) {
    return bad_baseline("is larger than " + std::to_string(kMaxBaselineBytes >> 20U) + " MiB");
  }
  const BaselineJson document = BaselineJson::parse(file, nullptr, false);
  if (document.is_discarded() || !document.is_object()) {
    return bad_baseline("is no JSON object", "`--write-baseline FILE` writes one");
  }
  const auto schema = document.find("schema");
  if (schema == document.end() || *schema != kBaselineSchema) {
    return bad_baseline("is of another version, or none: its schema is not " +
                        std::string(kBaselineSchema));
  }
  const auto entries = document.find("known");
  if (entries == document.end() || !entries->is_array()) {
    return bad_baseline("has no list 'known'");
  }
  if (entries->size() > kMaxKnownLeaks) {
    return bad_baseline("has more than " + std::to_string(kMaxKnownLeaks) + " entries");
  }
  std::vector<KnownLeak> known;
  for (const BaselineJson& entry : *entries) {
    auto parsed = parse_entry(entry, known.size() + 1);
    if (!parsed) {
      return std::move(parsed).error();
    }
    known.push_back(*std::move(parsed));
  }
  return known;
}

void apply_baseline(const std::vector<KnownLeak>& known, const Day& today, TestsReport& report) {
  std::vector<bool> has_matched(known.size());
  for (TestResult& test : report.tests) {
    for (TestLeak& leak : test.leaks) {
      for (std::size_t i = 0; i < known.size(); ++i) {
        if (!fits(known[i], leak, test.name)) {
          continue;
        }
        has_matched[i] = true;
        const bool holds = known[i].expires >= today;
        if (holds || leak.remark.empty()) {
          leak.remark = holds ? "known until " + known[i].expires + ": " + known[i].reason
                              : "was known until " + known[i].expires + ": " + known[i].reason;
        }
        leak.is_known = leak.is_known || holds;
        if (holds) {
          break;
        }
      }
    }
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].expires < today && has_matched[i]) {
      report.baseline.push_back("expired on " + known[i].expires + ": " + describe_entry(known[i]));
    } else if (!has_matched[i]) {
      report.baseline.push_back("matched nothing, is it still needed? " + describe_entry(known[i]));
    }
  }
}

std::string baseline_for(const TestsReport& report, const Day& expires) {
  BaselineJson document = BaselineJson::object();
  document["schema"] = kBaselineSchema;
  document["known"] = BaselineJson::array();
  std::set<std::pair<std::string, std::string>> written;
  for (const TestResult& test : report.tests) {
    for (const TestLeak& leak : test.leaks) {
      if (leak.is_known || !written.insert({leak.fingerprint, test.name}).second) {
        continue;
      }
      BaselineJson entry = BaselineJson::object();
      entry["fingerprint"] = leak.fingerprint;
      // What means something in a pattern stands for itself, too.
      if (const std::string creator = creator_of(leak); !creator.empty()) {
        entry["created_by"] = creator;
      }
      if (!test.name.empty()) {
        entry["test"] = test.name;
      }
      entry["reason"] = kUnfilledReason;
      entry["expires"] = expires;
      document["known"].push_back(std::move(entry));
    }
  }
  constexpr int kIndent = 2;
  return document.dump(kIndent, ' ', true, BaselineJson::error_handler_t::replace) + "\n";
}

// With a retry at the last star instead of recursion.
bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace xgops::cli
