// SPDX-License-Identifier: MIT
#include "leaks/leak_groups.hpp"

#include "leaks/report_text.hpp"
#include "leaks/thread_words.hpp"
#include "tasks/details.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <tuple>
#include <utility>

namespace xgops::leaks {
namespace {

std::string hexadecimal(std::uint64_t address) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

/// "channel 0x7f..", "mutex 0x7f..", from the words for the wait: "channel receive", "mutex lock".
std::string object_of(const SeenTask& task) {
  const bool is_address = task.argument_kind == detail::kArgumentObject ||
                          task.argument_kind == detail::kArgumentHolder ||
                          task.argument_kind == detail::kArgumentHolderSet;
  if (task.wait == nullptr || task.argument_kind == detail::kArgumentNone) {
    return "";
  }
  if (task.argument_kind == detail::kArgumentTask) {
    return "task " + std::to_string(task.argument);
  }
  if (task.argument_kind == detail::kArgumentDescriptor) {
    return "descriptor " + std::to_string(static_cast<std::int64_t>(task.argument));
  }
  if (!is_address || task.argument == 0) {
    return "";
  }
  const std::string& words = task.wait->words;
  const bool is_noun = task.wait->reason == WaitReason::kWaitGroup;
  return words.substr(0, is_noun ? std::string::npos : words.find(' ')) + ' ' +
         hexadecimal(task.argument);
}

std::vector<xgops_leak_frame> shown(const std::vector<Frame>& frames) {
  std::vector<xgops_leak_frame> result;
  result.reserve(frames.size());
  for (const Frame& frame : frames) {
    result.push_back({frame.function.c_str(), frame.file.c_str(), frame.line});
  }
  return result;
}

std::vector<Frame> creation_frames(const tasks::DetailTable::CreationStack& stack, Names& names) {
  std::vector<Frame> frames;
  for (std::uint32_t i = 0; i < stack.frames; ++i) {
    const std::vector<Frame>& found = names.address(stack.return_addresses[i], false);
    frames.insert(frames.end(), found.begin(), found.end());
  }
  // What is below the one who asked for the thread is the C++ library's.
  const auto first = std::find_if(frames.begin(), frames.end(), [](const Frame& frame) {
    return !frame.function.starts_with("std::") && !frame.function.starts_with("pthread_create") &&
           !frame.function.starts_with("xgops_") &&
           !frame.function.starts_with("xgops::detail::") &&
           !frame.function.starts_with("libstdc++") && !frame.function.starts_with("__gthread");
  });
  if (first != frames.end()) {
    frames.erase(frames.begin(), first);
  }
  return frames;
}

/// `why` without the ids in it: those who are blocked in the same way are alike.
std::string shape_of(const std::string& why) {
  std::string shape;
  for (const char c : why) {
    if (c < '0' || c > '9') {
      shape += c;
    }
  }
  return shape;
}

/// Puts leaks that are alike together.
class Grouping {
 public:
  Grouping(const Look& look, const LookTables& tables, const Earlier& earlier, Names& names,
           Filters& filters)
      : look_(look),
        tables_(tables),
        earlier_(earlier),
        names_(names),
        filters_(filters),
        fates_(judge(look, *tables.source.registry)) {}

  Leaks run() {
    for (std::size_t i = 0; i < look_.tasks.size(); ++i) {
      if (look_.tasks[i].is_suspect && !filters_.ignores_task(look_.tasks[i].id)) {
        add_task(i);
      }
    }
    for (std::size_t i = 0; i < look_.threads.size(); ++i) {
      const SeenThread& thread = look_.threads[i];
      if (thread.is_suspect && !filters_.ignores_thread(thread.facts.tid)) {
        add_thread(i);
      }
    }
    for (auto& entry : groups_) {
      LeakGroup& group = entry.second.group;
      if (!entry.second.is_ignored && group.count > 0) {
        group.why.insert(0, entry.second.whys_differ ? "e.g. " : "");
        leaks_.groups.push_back(std::move(group));
      }
    }
    std::stable_sort(leaks_.groups.begin(), leaks_.groups.end(),
                     [](const LeakGroup& a, const LeakGroup& b) {
                       const bool a_blocked = a.fate == Fate::kBlocked;
                       const bool b_blocked = b.fate == Fate::kBlocked;
                       return std::tuple(!a_blocked, b.count, a.ids.front()) <
                              std::tuple(!b_blocked, a.count, b.ids.front());
                     });
    return std::move(leaks_);
  }

 private:
  struct Entry {
    LeakGroup group;
    bool is_ignored = false;
    bool whys_differ = false;  ///< In the ids that they name.
  };
  using Key = std::tuple<bool, Fate, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                         std::string>;

  [[nodiscard]] Fate fate_of(const SeenTask& task, const std::string& why) const {
    if (!why.empty()) {
      return Fate::kBlocked;
    }
    if (task.state != TaskState::kWaiting) {
      return Fate::kRunning;
    }
    const auto before = earlier_.resumed.find(task.id);
    const bool has_moved = before != earlier_.resumed.end() && before->second != task.resumed;
    return has_moved ? Fate::kSettling : Fate::kWaiting;
  }

  void add_task(std::size_t index) {
    const SeenTask& task = look_.tasks[index];
    const std::string& why = fates_.tasks[index];
    tasks::Details details;
    if (!tables_.source.details->read_of(task.record, task.id, details)) {
      details = {};
    }
    const Fate fate = fate_of(task, why);
    Key key{false,
            fate,
            reinterpret_cast<std::uint64_t>(task.wait),
            task.created_at,
            task.chain | std::uint64_t{static_cast<std::uint8_t>(task.state)} << 32U,
            details.labels | std::uint64_t{details.creation_stack} << 32U,
            details.name.data() + ('\n' + shape_of(why))};
    const auto [entry, is_new] = groups_.try_emplace(std::move(key));
    LeakGroup& group = entry->second.group;
    if (is_new) {
      describe(group, task, details);
      group.fate = fate;
      group.why = why;
      entry->second.is_ignored = filters_.ignores(group);
    }
    if (entry->second.is_ignored) {
      return;
    }
    std::string object = object_of(task);
    if (filters_.asks_for_each() && ignores_one(group, task.id, task.age_ns, object, why)) {
      return;
    }
    entry->second.whys_differ = entry->second.whys_differ || group.why != why;
    group.object = group.count == 0 || group.object == object ? std::move(object) : "";
    count(group, task.id, task.age_ns);
    ++leaks_.tasks;
    if (fate == Fate::kBlocked) {
      ++leaks_.blocked;
      leaks_.blocked_tasks.emplace(task.id, task.resumed);
    }
  }

  void describe(LeakGroup& group, const SeenTask& task, const tasks::Details& details) {
    constexpr std::string_view kWords[]{"created", "queued", "running", ""};
    group.state = task.wait != nullptr && task.state == TaskState::kWaiting
                      ? task.wait->words
                      : kWords[static_cast<std::size_t>(task.state)];
    group.name = details.name.data();
    group.labels = tables_.source.details->labels(details.labels);
    group.creator = task.parent;
    for (const tasks::FrameSite& site : tables_.chains.at(task.chain)) {
      group.frames.push_back(names_.place(site.location, site.function));
    }
    if (const auto* const stack = tables_.source.details->creation_stack(details.creation_stack)) {
      group.created = creation_frames(*stack, names_);
    } else if (task.created_at != 0) {
      group.created.push_back(names_.place(task.created_at, 0));
    }
  }

  void add_thread(std::size_t index) {
    const SeenThread& thread = look_.threads[index];
    const auto tid = static_cast<std::uint64_t>(thread.facts.tid);
    const std::string& why = fates_.threads[index];
    LeakGroup described;
    described.is_thread = true;
    described.state = thread_words(thread.facts.wait.reason);
    described.name = thread.facts.name;
    described.why = why;
    described.fate = why.empty() ? thread_fate(thread) : Fate::kBlocked;
    for (const threads::Frame& frame : thread.frames) {
      const std::vector<Frame>& found =
          names_.address(frame.instruction_pointer, frame.exact_pointer);
      described.frames.insert(described.frames.end(), found.begin(), found.end());
    }
    if (thread.birth) {
      described.created = creation_frames(thread.birth->created_at, names_);
      described.creator = thread.birth->creator_task != 0
                              ? thread.birth->creator_task
                              : static_cast<std::uint64_t>(thread.birth->creator);
    }
    const bool is_ignored = filters_.ignores(described);
    if (is_ignored ||
        (filters_.asks_for_each() &&
         ignores_one(described, tid, thread.facts.state_age_ns, thread.facts.wait.detail, why))) {
      return;
    }
    std::string place;
    for (const Frame& frame : described.frames) {
      place += (frame.function.empty() ? hexadecimal(frame.address) : frame.function) + ':' +
               std::to_string(frame.line) + '\n';
    }
    const auto [entry, is_new] = groups_.try_emplace(
        Key{true, described.fate, static_cast<std::uint64_t>(thread.facts.wait.reason), 0, 0, 0,
            described.name + '\n' + shape_of(why) + '\n' + place});
    LeakGroup& group = entry->second.group;
    if (is_new) {
      group = std::move(described);
    }
    entry->second.whys_differ = entry->second.whys_differ || group.why != why;
    group.object = group.count == 0 || group.object == thread.facts.wait.detail
                       ? thread.facts.wait.detail
                       : "";
    count(group, tid, thread.facts.state_age_ns);
    ++leaks_.threads;
    if (group.fate == Fate::kBlocked) {
      ++leaks_.blocked;
      leaks_.blocked_threads.emplace(tid, thread.facts.cpu_ns);
    }
  }

  [[nodiscard]] Fate thread_fate(const SeenThread& thread) const {
    if (thread.facts.wait.reason == threads::WaitReason::kRunning ||
        thread.facts.wait.reason == threads::WaitReason::kRunnable) {
      return Fate::kRunning;
    }
    const auto before = earlier_.cpu_ns.find(thread.facts.tid);
    const bool has_moved = before != earlier_.cpu_ns.end() && before->second != thread.facts.cpu_ns;
    return has_moved ? Fate::kSettling : Fate::kWaiting;
  }

  [[nodiscard]] bool ignores_one(const LeakGroup& group, std::uint64_t id, std::int64_t age_ns,
                                 const std::string& object, const std::string& why) const {
    LeakGroup one = group;
    one.count = 1;
    one.ids = {id};
    one.age_ns = age_ns;
    one.object = object;
    one.why = why;
    return filters_.ignores_one(one);
  }

  static void count(LeakGroup& group, std::uint64_t id, std::int64_t age_ns) {
    ++group.count;
    group.age_ns = std::max(group.age_ns, age_ns);
    if (group.ids.size() < LeakGroup::kMostIds) {
      group.ids.push_back(id);
    }
  }

  const Look& look_;
  const LookTables& tables_;
  const Earlier& earlier_;
  Names& names_;
  Filters& filters_;
  const Fates fates_;
  std::map<Key, Entry> groups_;
  Leaks leaks_;
};

}  // namespace

void LeakGroup::show(const std::function<void(const xgops_leak_group&)>& use) const {
  const std::vector<xgops_leak_frame> stack = shown(frames);
  const std::vector<xgops_leak_frame> creation = shown(created);
  xgops_leak_group view{};
  view.size = sizeof view;
  view.is_thread = is_thread ? 1 : 0;
  view.fate = static_cast<std::int32_t>(fate);
  view.count = count;
  view.ids = ids.data();
  view.id_count = ids.size();
  view.state = state.c_str();
  view.object = object.c_str();
  view.why = why.c_str();
  view.name = name.c_str();
  view.labels = labels.c_str();
  view.age_ns = age_ns;
  view.frames = stack.data();
  view.frame_count = static_cast<std::uint32_t>(stack.size());
  view.created = creation.data();
  view.created_count = static_cast<std::uint32_t>(creation.size());
  view.creator = creator;
  const std::string text = text_of(*this);
  view.text = text.c_str();
  use(view);
}

Earlier Earlier::of(const Look& look) {
  Earlier earlier;
  for (const SeenTask& task : look.tasks) {
    if (task.is_suspect) {
      earlier.resumed.emplace(task.id, task.resumed);
    }
  }
  for (const SeenThread& thread : look.threads) {
    if (thread.is_suspect) {
      earlier.cpu_ns.emplace(thread.facts.tid, thread.facts.cpu_ns);
    }
  }
  return earlier;
}

Leaks find_leaks(const Look& look, const LookTables& tables, const Earlier& earlier, Names& names,
                 Filters& filters) {
  return Grouping(look, tables, earlier, names, filters).run();
}

}  // namespace xgops::leaks
