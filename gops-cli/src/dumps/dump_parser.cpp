// SPDX-License-Identifier: MIT
#include "dumps/dump_parser.hpp"

#include "dumps/dump_line.hpp"
#include "dumps/dump_tasks.hpp"
#include "dumps/thread_wait.hpp"
#include "support/failure.hpp"
#include "support/parse.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace xgops::cli {
namespace {

constexpr std::uint64_t kFormatVersion = 1;
constexpr std::size_t kMaxNotes = 100;

/// Calls `use(line)` for each line of a dump in `text`.
template <class Use>
void for_each_line(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const auto line = DumpLine::parse(text.substr(0, end))) {
      use(*line);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::vector<std::uint8_t> bytes_of(std::string_view hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 2 <= hex.size() && bytes.size() < protocol::kMaxBuildIdBytes;
       i += 2) {
    const auto byte = parse_integer<std::uint8_t>(hex.substr(i, 2), 16);
    if (!byte) {
      return {};
    }
    bytes.push_back(*byte);
  }
  return bytes;
}

DumpSignal signal_of(const DumpLine& line) {
  DumpSignal signal;
  signal.tid = line.number_or<std::int32_t>("tid", 0);
  signal.signal = line.number_or<std::int32_t>("signal", 0);
  signal.code = line.number_or<std::int32_t>("code", 0);
  signal.address = line.number<std::uint64_t>("address");
  signal.sender = line.number_or<std::int32_t>("sender", 0);
  return signal;
}

/// Puts the lines of one dump together.
class Builder {
 public:
  void add(const DumpLine& line) {
    if (!seen_.insert(line.sequence()).second) {
      return;  // Logs may hold a line twice.
    }
    last_ = std::max(last_, line.sequence());
    if (!understand(line)) {
      ++dump_.facts.damaged_lines;
    }
  }

  [[nodiscard]] Result<ParsedDump> finish(std::string_view id) {
    if (version_ != kFormatVersion) {
      return failure(Failure::kIncompatible,
                     version_ == 0 ? "the dump " + std::string(id) + " has lost its first line"
                                   : "the dump " + std::string(id) + " has format " +
                                         std::to_string(version_) + "; this xgops reads format " +
                                         std::to_string(kFormatVersion),
                     version_ == 0 ? "" : "use the xgops of the agent's version");
    }
    dump_.facts.id = std::string(id);
    dump_.facts.missing_lines = last_ - seen_.size();
    for (std::size_t position = 0; position < stacks_.size(); ++position) {
      protocol::ThreadStack& thread = dump_.stacks.threads[position];
      if (!stacks_[position].frames.empty()) {
        thread.stack_id = stacks_[position].id;
        dump_.stacks.stacks.push_back(std::move(stacks_[position]));
      } else if (thread.status != protocol::StackStatus::kUnavailable &&
                 thread.method != protocol::StackMethod::kNone) {
        thread.status = protocol::StackStatus::kUnavailable;
        thread.reason = "its frames are missing in the dump";
      }
    }
    const bool all_tasks = dump_.facts.complete() && !tasks_truncated_;
    dump_.tasks = tasks_.finish(all_tasks);
    dump_.tasks.total = std::max(dump_.tasks.total, task_total_);
    dump_.tasks.dropped = tasks_changed_;
    dump_.tasks.truncated = tasks_truncated_;
    dump_.stacks.truncated = threads_truncated_ || !dump_.facts.complete();
    return std::move(dump_);
  }

 private:
  bool understand(const DumpLine& line) {
    const std::string_view kind = line.kind();
    if (kind == "begin") {
      return add_begin(line);
    }
    if (kind == "fault") {
      return add_fault(line);
    }
    if (kind == "module") {
      return add_module(line);
    }
    if (kind == "thread") {
      return add_thread(line);
    }
    if (kind == "frames") {
      return add_frames(line);
    }
    if (kind == "task") {
      return tasks_.add_task(line);
    }
    if (kind == "created") {
      return tasks_.add_created(line);
    }
    if (kind == "chain") {
      return tasks_.add_chain(line);
    }
    if (kind == "note" && dump_.facts.notes.size() < kMaxNotes) {
      dump_.facts.notes.push_back(line.text("text"));
    }
    if (kind == "end") {
      add_end(line);
    }
    return true;  // What a later version adds is no damage.
  }

  bool add_begin(const DumpLine& line) {
    version_ = line.number_or<std::uint64_t>("version", 0);
    dump_.facts.is_crash = line.text("cause") == "crash";
    dump_.facts.signal = signal_of(line);
    dump_.facts.time_ns = line.number_or<std::uint64_t>("time_ns", 0);
    dump_.process.pid = line.number_or<std::int32_t>("pid", 0);
    dump_.process.namespace_pid = dump_.process.pid;
    dump_.process.name = line.text("program");
    dump_.process.agent = line.text("agent");
    return dump_.process.pid > 0 && dump_.facts.signal.tid > 0;
  }

  bool add_fault(const DumpLine& line) {
    const DumpSignal signal = signal_of(line);
    if (signal.tid <= 0 || dump_.facts.crash_of(signal.tid) != nullptr) {
      return false;
    }
    dump_.facts.others.push_back(signal);
    return true;
  }

  bool add_module(const DumpLine& line) {
    const auto begin = line.number<std::uint64_t>("begin");
    const auto end = line.number<std::uint64_t>("end");
    const auto bias = line.number<std::uint64_t>("bias");
    if (!begin || !end || !bias || *begin >= *end) {
      return false;
    }
    protocol::Module module;
    module.id = static_cast<std::uint32_t>(dump_.stacks.modules.size());
    module.begin = *begin;
    module.end = *end;
    module.bias = *bias;
    module.path = line.text("path");
    module.build_id = bytes_of(line.text("build_id"));
    module.deleted = line.number_or<std::uint32_t>("deleted", 0) != 0;
    dump_.stacks.modules.push_back(std::move(module));
    return true;
  }

  bool add_thread(const DumpLine& line) {
    const auto tid = line.number<std::int32_t>("tid");
    if (!tid || *tid <= 0 || !threads_.try_emplace(*tid, stacks_.size()).second) {
      return false;
    }
    protocol::ThreadStack thread;
    thread.facts.tid = *tid;
    thread.facts.name = line.text("name");
    const std::string state = line.text("state");
    thread.facts.state = state.size() == 1 ? state.front() : '?';
    thread.facts.cpu_ns = line.number_or<std::uint64_t>("cpu_ns", 0);
    thread.facts.is_agent = line.number_or<std::uint32_t>("agent", 0) != 0;
    std::array<std::uint64_t, 6> arguments{};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      arguments[i] = line.number_or<std::uint64_t>("a" + std::to_string(i), 0);
    }
    thread.facts.wait =
        wait_of_call(thread.facts.state, line.number_or<std::int64_t>("call", -1), arguments);
    const std::string status = line.text("status");
    thread.status = status == "exact"     ? protocol::StackStatus::kExact
                    : status == "partial" ? protocol::StackStatus::kPartial
                                          : protocol::StackStatus::kUnavailable;
    const std::string method = line.text("method");
    thread.method = method == "read"     ? protocol::StackMethod::kRead
                    : method == "signal" ? protocol::StackMethod::kSignal
                                         : protocol::StackMethod::kNone;
    thread.reason = line.text("reason");
    dump_.stacks.threads.push_back(std::move(thread));
    stacks_.push_back({static_cast<std::uint32_t>(stacks_.size() + 1),
                       line.number_or<std::uint32_t>("truncated", 0) != 0,
                       {}});
    return true;
  }

  bool add_frames(const DumpLine& line) {
    const auto thread = threads_.find(line.number_or<std::int32_t>("tid", 0));
    if (thread == threads_.end()) {
      return false;
    }
    protocol::Stack& stack = stacks_[thread->second];
    for (std::string_view word : line.words()) {
      unsigned flags = protocol::kPlainFrame;
      for (; !word.empty() && (word.back() == '!' || word.back() == '~'); word.remove_suffix(1)) {
        flags |= word.back() == '!' ? protocol::kExactPointer : protocol::kInferred;
      }
      const auto address = parse_integer<std::uint64_t>(word, 16);
      if (!address) {
        return false;
      }
      if (stack.frames.size() == protocol::kMaxFrames) {
        stack.truncated = true;
        break;
      }
      stack.frames.push_back({*address, static_cast<std::uint8_t>(flags)});
    }
    return true;
  }

  void add_end(const DumpLine& line) {
    dump_.facts.ended = true;
    dump_.stacks.dropped = line.number_or<std::uint32_t>("ended", 0);
    dump_.stacks.cost.elapsed_ns = line.number_or<std::uint64_t>("elapsed_ns", 0);
    dump_.stacks.cost.interrupted = line.number_or<std::uint32_t>("interrupted", 0);
    threads_truncated_ = line.number_or<std::uint32_t>("threads_truncated", 0) != 0;
    task_total_ = line.number_or<std::uint64_t>("tasks", 0);
    tasks_changed_ = line.number_or<std::uint64_t>("tasks_changed", 0);
    tasks_truncated_ = line.number_or<std::uint32_t>("tasks_truncated", 0) != 0;
  }

  ParsedDump dump_;
  std::uint64_t version_ = 0;
  std::uint64_t last_ = 0;
  std::set<std::uint64_t> seen_;
  std::map<std::int32_t, std::size_t> threads_;  ///< Positions in `stacks_` and among the threads.
  std::vector<protocol::Stack> stacks_;
  DumpTasks tasks_;
  std::uint64_t task_total_ = 0;
  std::uint64_t tasks_changed_ = 0;
  bool threads_truncated_ = false;
  bool tasks_truncated_ = false;
};

}  // namespace

std::vector<std::string> find_dumps(std::string_view text) {
  std::vector<std::string> ids;
  for_each_line(text, [&](const DumpLine& line) {
    if (line.kind() == "begin" && line.sequence() == 1) {
      ids.emplace_back(line.id());
    }
  });
  return ids;
}

Result<ParsedDump> parse_dump(std::string_view text, std::string_view id) {
  std::string wanted(id);
  if (wanted.empty()) {
    const auto ids = find_dumps(text);
    if (ids.empty()) {
      return failure(Failure::kBadAnswer, "there is no dump of an agent in it",
                     "a dump begins with a line like `xgops-dump 4711.1 1 begin version=1 ...`");
    }
    wanted = ids.back();
  }
  std::optional<Builder> builder;
  for_each_line(text, [&](const DumpLine& line) {
    if (line.id() != wanted) {
      return;
    }
    if (!builder || (line.kind() == "begin" && line.sequence() == 1)) {
      builder.emplace();
    }
    builder->add(line);
  });
  if (!builder) {
    return failure(Failure::kBadAnswer, "there is no dump " + wanted + " in it");
  }
  return builder->finish(wanted);
}

}  // namespace xgops::cli
