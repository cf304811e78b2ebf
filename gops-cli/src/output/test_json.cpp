// SPDX-License-Identifier: MIT
// `xgops test` as JSON, and as SARIF 2.1.0 for tools that collect findings.
#include "output/json_parts.hpp"
#include "output/test_output.hpp"
#include "testing/report_file.hpp"
#include "xgops/version.hpp"

#include <string_view>

namespace xgops::cli {
namespace {

std::string_view fate_id(protocol::LeakFate fate) {
  switch (fate) {
    case protocol::LeakFate::kRunning:
      return "running";
    case protocol::LeakFate::kSettling:
      return "settling";
    case protocol::LeakFate::kWaiting:
      return "waiting";
    case protocol::LeakFate::kBlocked:
      break;
  }
  return "blocked";
}

Json frames_json(const std::vector<symbolize::Symbol>& frames) {
  Json list = Json::array();
  for (const symbolize::Symbol& symbol : frames) {
    Json object = Json::object();
    object["function"] = text_or_null(symbol.function);
    object["file"] = text_or_null(symbol.file);
    object["line"] = symbol.line == 0 ? Json() : Json(symbol.line);
    object["module"] = text_or_null(symbol.module);
    object["offset"] = symbol.offset;
    object["inlined"] = symbol.inlined;
    list.push_back(std::move(object));
  }
  return list;
}

Json leak_json(const TestLeak& leak) {
  Json object = Json::object();
  object["kind"] = leak.is_thread ? "threads" : "tasks";
  object["count"] = leak.count;
  object["ids"] = leak.ids;
  object["state"] = leak.state;
  object["fate"] = fate_id(leak.fate);
  object["object"] = text_or_null(leak.object);
  object["why"] = text_or_null(leak.why);
  object["name"] = text_or_null(leak.name);
  object["labels"] = text_or_null(leak.labels);
  object["age_ns"] = leak.age_ns < 0 ? Json() : Json(leak.age_ns);
  object["frames"] = frames_json(leak.frames);
  object["created"] = frames_json(leak.created);
  object["fingerprint"] = leak.fingerprint;
  object["known"] = leak.is_known;
  object["remark"] = text_or_null(leak.remark);
  return object;
}

Json test_json(const TestResult& test) {
  Json object = Json::object();
  object["name"] = text_or_null(test.name);
  object["outcome"] = id_of(test.outcome);
  object["exit_status"] = test.exit_status;
  object["signal"] = test.signal == 0 ? Json() : Json(test.signal);
  object["duration_ms"] = test.duration.count();
  Json leaks = Json::array();
  for (const TestLeak& leak : test.leaks) {
    leaks.push_back(leak_json(leak));
  }
  object["leaks"] = std::move(leaks);
  object["unlisted_groups"] = test.unlisted_groups;
  object["unseen"] = test.unseen;
  object["no_report"] = text_or_null(test.no_report);
  object["task_problem"] = text_or_null(test.task_problem);
  object["hang"] = text_or_null(test.hang);
  object["output"] = text_or_null(test.output);
  return object;
}

/// Where it was created, else where it is, in the program's source.
const symbolize::Symbol* place_of_leak(const TestLeak& leak) {
  for (const auto* const stack : {&leak.created, &leak.frames}) {
    for (const symbolize::Symbol& symbol : *stack) {
      if (symbol.line != 0 && !symbol.file.empty() && !is_of_the_runtime(symbol)) {
        return &symbol;
      }
    }
  }
  return nullptr;
}

struct SarifRule {
  std::string_view id;
  std::string_view text;
};
constexpr SarifRule kSarifRules[]{
    {"xgops/leaked-task", "A task outlives the test that made it."},
    {"xgops/leaked-thread", "A thread outlives the test that made it."},
    {"xgops/hang", "A test does not end."},
};

Json sarif_result(std::string_view rule, const std::string& test, const std::string& text) {
  Json result = Json::object();
  result["ruleId"] = rule;
  result["level"] = "error";
  result["message"]["text"] = (test.empty() ? "" : test + ": ") + text;
  result["locations"] = Json::array();
  return result;
}

/// A path as the part of a URI that it is: without what would mean something there.
std::string as_uri(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/!$&'()*+,;=@";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string uri;
  for (const char c : path) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_word || kPlain.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      uri += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return uri;
}

Json leak_result(const TestResult& test, const TestLeak& leak) {
  Json result = sarif_result(leak.is_thread ? "xgops/leaked-thread" : "xgops/leaked-task",
                             test.name, leak_sentence(leak));
  if (const symbolize::Symbol* const place = place_of_leak(leak)) {
    Json location = Json::object();
    location["physicalLocation"]["artifactLocation"]["uri"] = as_uri(place->file);
    location["physicalLocation"]["region"]["startLine"] = place->line;
    result["locations"].push_back(std::move(location));
  }
  result["partialFingerprints"]["xgopsLeak/v1"] = leak.fingerprint;
  if (leak.is_known) {
    Json suppression = Json::object();
    suppression["kind"] = "external";
    suppression["justification"] = leak.remark;
    result["suppressions"] = Json::array({std::move(suppression)});
  }
  return result;
}

}  // namespace

std::string tests_json(const TestsReport& report) {
  Json document = begin_document("test");
  document["program"] = report.program;
  document["framework"] = text_or_null(report.framework);
  document["each_alone"] = report.each_alone;
  Json tests = Json::array();
  for (const TestResult& test : report.tests) {
    tests.push_back(test_json(test));
  }
  document["tests"] = std::move(tests);
  document["not_run"] = report.not_run;
  document["baseline"] = report.baseline;
  document["findings"] = report.finds();
  document["incomplete"] = report.is_partial();
  return finish(document);
}

std::string tests_sarif(const TestsReport& report) {
  Json document = Json::object();
  document["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
  document["version"] = "2.1.0";
  Json run = Json::object();
  Json& driver = run["tool"]["driver"];
  driver["name"] = "xgops";
  driver["version"] = std::string(kVersion);
  driver["rules"] = Json::array();
  for (const SarifRule& rule : kSarifRules) {
    Json object = Json::object();
    object["id"] = rule.id;
    object["shortDescription"]["text"] = rule.text;
    driver["rules"].push_back(std::move(object));
  }
  run["results"] = Json::array();
  for (const TestResult& test : report.tests) {
    for (const TestLeak& leak : test.leaks) {
      run["results"].push_back(leak_result(test, leak));
    }
    if (test.outcome == TestOutcome::kHung || test.outcome == TestOutcome::kTimedOut) {
      run["results"].push_back(
          sarif_result("xgops/hang", test.name, verdict_text(test) + "\n" + test.hang));
    }
  }
  document["runs"] = Json::array({std::move(run)});
  return finish(document);
}

}  // namespace xgops::cli
