// SPDX-License-Identifier: MIT
// `xgops diagnose`: what will never go on, and what goes on badly.
#include "commands/command.hpp"
#include "commands/look_source.hpp"
#include "commands/symbol_options.hpp"
#include "commands/target_options.hpp"
#include "findings/analysis.hpp"
#include "findings/rules.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace xgops::cli {
namespace {

constexpr std::chrono::milliseconds kLookAgain{50};
constexpr int kSamples = 10;             // Of a stack that is watched, between the looks.
constexpr std::size_t kMostSampled = 4;  // Threads.

struct DiagnoseOptions {
  TargetOptions target;
  Format format = Format::kText;
  std::string rules;
  RuleOptions limits;
  std::chrono::milliseconds again{kLookAgain};
  bool interrupt = true;
  SymbolOptions symbols;
};

std::string known_rules() {
  std::string text;
  for (const Rule& rule : all_rules()) {
    text += (text.empty() ? "" : ", ") + std::string(rule.id);
  }
  return text;
}

/// "deadlock,io", "all", or nothing: those by default, and `io` when an age was given.
Result<std::vector<const Rule*>> chosen_rules(const DiagnoseOptions& options) {
  std::vector<const Rule*> chosen;
  if (options.rules.empty() || options.rules == "all") {
    for (const Rule& rule : all_rules()) {
      const bool asked_for =
          options.rules == "all" || (rule.id == "io" && options.limits.older.count() > 0);
      if (rule.by_default || asked_for) {
        chosen.push_back(&rule);
      }
    }
    return chosen;
  }
  std::string_view rest = options.rules;
  while (!rest.empty()) {
    const std::size_t end = rest.find(',');
    const std::string_view id = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto& all = all_rules();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Rule& rule) { return rule.id == id; });
    if (found == all.end()) {
      return failure(Failure::kUsage, "there is no rule '" + std::string(id) + "'",
                     "rules are " + known_rules() + "; `all` is every one");
    }
    if (std::find(chosen.begin(), chosen.end(), &*found) == chosen.end()) {
      chosen.push_back(&*found);
    }
  }
  return chosen;
}

std::vector<Finding> apply(const std::vector<const Rule*>& rules, const Analysis& analysis) {
  std::vector<Finding> findings;
  for (const Rule* rule : rules) {
    for (Finding& finding : rule->apply(analysis)) {
      limit_evidence(finding);
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

/// Waits for `pause`. Meanwhile, looks now and then at the stacks of threads whose task is
/// suspected to run for too long.
StackSamples wait_and_sample(Target& target, const Deadline& deadline, const LookOptions& looking,
                             const Look& look, const std::vector<Finding>& suspected,
                             std::chrono::milliseconds pause) {
  StackSamples samples;
  for (const Finding& finding : suspected) {
    for (const Who& who : finding.members) {
      if (finding.rule == "stall" && who.is_thread && samples.size() < kMostSampled) {
        samples[look.threads()[who.index].facts.tid];
      }
    }
  }
  auto moment = std::chrono::steady_clock::now();
  const auto end = moment + pause;
  while (!samples.empty() && (moment += pause / kSamples) < end) {
    std::this_thread::sleep_until(moment);
    for (auto& [tid, taken] : samples) {
      if (auto sample = take_sample(target, deadline, looking, tid)) {
        taken.push_back(*std::move(sample));
      }
    }
  }
  std::this_thread::sleep_until(end);
  return samples;
}

Result<FindingsReport> ask(Target& target, const Deadline& deadline, const DiagnoseOptions& options,
                           const std::vector<const Rule*>& rules,
                           std::chrono::milliseconds timeout) {
  LookOptions looking{timeout, options.interrupt, options.symbols};
  auto before = take_look(target, deadline, looking);
  if (!before) {
    return std::move(before).error();
  }
  FindingsReport report;
  report.process = before->stacks.process;
  report.incomplete = before->incomplete;
  for (const Rule* rule : rules) {
    report.rules.push_back({std::string(rule->id), std::string(rule->summary)});
  }
  {
    const Judged first(*before);
    const Analysis suspicion{first, nullptr, options.limits};
    std::vector<Finding> suspected = apply(rules, suspicion);
    if (!suspected.empty()) {
      // Contention looks the same for a moment: only what stays as it is will never end.
      auto pause = options.again;
      for (const Rule* rule : rules) {
        const bool is_suspected =
            std::any_of(suspected.begin(), suspected.end(),
                        [&](const Finding& finding) { return finding.rule == rule->id; });
        if (rule->measures_time && is_suspected) {
          pause = std::max(pause, options.limits.stall);
        }
      }
      const StackSamples samples =
          wait_and_sample(target, deadline, looking, *before, suspected, pause);
      // Names are known already, but which functions are on the stacks decides about executors.
      auto after = take_look(target, deadline, looking);
      if (!after) {
        return std::move(after).error();
      }
      const Judged second(*after);
      const Analysis analysis{first, &second, options.limits, &samples};
      report.findings = apply(rules, analysis);
      report.looked_twice = true;
      report.between = std::chrono::duration_cast<std::chrono::milliseconds>(analysis.between());
      report.incomplete = report.incomplete || after->incomplete;
    }
  }
  std::stable_sort(report.findings.begin(), report.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  report.look = std::move(before->stacks);
  return report;
}

Result<Report> run(Context& context, const DiagnoseOptions& options) {
  if (context.presentation.format == Format::kText) {
    context.presentation.format = options.format;
  }
  const auto rules = chosen_rules(options);
  if (!rules) {
    return rules.error();
  }
  auto report = with_target(context, options.target, [&](Target& target, const Deadline& deadline) {
    return ask(target, deadline, options, *rules, context.timeout);
  });
  if (!report) {
    return std::move(report).error();
  }
  const bool found = !report->findings.empty();
  const bool incomplete = report->incomplete;
  Report result{*std::move(report), found        ? ExitStatus::kFindings
                                    : incomplete ? ExitStatus::kPartial
                                                 : ExitStatus::kOk};
  add_symbol_notices(result, std::get<FindingsReport>(result.body).look.table.symbol_notes);
  return result;
}

Action attach_diagnose(OptionSet& options) {
  auto parsed = std::make_shared<DiagnoseOptions>();
  attach_target_options(options, parsed->target);
  options.choice("-f,--format", "FORMAT", parsed->format,
                 {{"text", Format::kText}, {"json", Format::kJson}, {"sarif", Format::kSarif}},
                 "text (default), json, or sarif for tools that collect findings");
  options.text("--rules", "LIST", parsed->rules,
               "Only these rules, separated by commas; `all` is every one");
  options.duration("--stall", parsed->limits.stall, std::chrono::milliseconds(1),
                   "How long a task may run without suspending (default 100ms)");
  options.duration("--older", parsed->limits.older, std::chrono::milliseconds(1),
                   "Also reads from a peer that last for at least TIME, such as 30s");
  options.duration("--look-again", parsed->again, kLookAgain,
                   "Time before the second look, at least and by default 50ms");
  options.flag("--no-interrupt", parsed->interrupt,
               "Send no thread a signal: running threads have no stack then", false);
  options.flag("--no-inlines", parsed->symbols.inlines, "Leave out inlined functions", false);
  options.flag("--debuginfod", parsed->symbols.debuginfod,
               "Ask the servers in $DEBUGINFOD_URLS for missing debug files");
  return [parsed](Context& context) { return run(context, *parsed); };
}

std::string description() {
  std::string text =
      "Looks at all threads and tasks of a running process, who waits for whom and who holds that, "
      "and prints what will never go on: each finding with one sentence, the evidence with stacks, "
      "and the command that shows more.\n\n"
      "When something is suspicious it looks again, 50 ms later. Only waits that are still the "
      "same, of threads that were not scheduled and tasks that were not resumed meanwhile, are "
      "reported; a wait with a timeout is never a deadlock.\n\n"
      "Who holds a mutex is known for every program (glibc notes it), for an rwlock only the "
      "writer; who reads is counted. For locks, channels and groups of a program's own it is known "
      "if they announce it, see xgops/tasks.hpp.\n\n"
      "Rules, the first five by default:\n";
  for (const Rule& rule : all_rules()) {
    text += "\n  " + std::string(rule.id) + ": " + std::string(rule.summary) + ".\n";
  }
  return text +
         "\nExit status 1 means that there are findings, 4 that there are none but something could "
         "not be seen.";
}

}  // namespace

Command diagnose_command() {
  static const std::string text = description();
  return {
      .name = "diagnose",
      .summary = "Find deadlocks and other things that will never go on",
      .description = text,
      .examples = {{"xgops diagnose -p 4711", "all default rules"},
                   {"xgops diagnose 4711 --rules deadlock,holder-gone", "only locks"},
                   {"xgops diagnose 4711 --older 30s", "also reads without a timeout"},
                   {"xgops diagnose -n server --format sarif -o findings.sarif",
                    "for tools that collect findings"}},
      .attach = attach_diagnose,
  };
}

}  // namespace xgops::cli
