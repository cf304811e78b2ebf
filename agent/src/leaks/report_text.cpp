// SPDX-License-Identifier: MIT
#include "leaks/report_text.hpp"

#include <array>
#include <cstdio>

namespace xgops::leaks {
namespace {

std::string duration(std::int64_t nanoseconds) {
  char text[32];
  const double seconds = static_cast<double>(nanoseconds) / 1e9;
  if (seconds < 1) {
    std::snprintf(text, sizeof text, "%.0f ms", seconds * 1e3);
  } else if (seconds < 120) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else {
    std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  }
  return text;
}

std::string place(const Frame& frame) {
  return frame.file + ':' + std::to_string(frame.line);
}

/// "serve()"; "libc.so.6+0x85f16", which is no function.
std::string call(const Frame& frame) {
  const bool is_offset = frame.file.empty() && frame.function.find("+0x") != std::string::npos;
  return frame.function + (is_offset ? "" : "()");
}

std::string who(const LeakGroup& group) {
  const std::string_view kind = group.is_thread ? "thread" : "task";
  std::string text = group.count == 1
                         ? std::string(kind) + ' '
                         : std::to_string(group.count) + ' ' + std::string(kind) + "s (";
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < group.ids.size() && i < kShown; ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(group.ids[i]);
  }
  if (group.count > kShown) {
    text += ", ...";
  }
  if (group.count > 1) {
    text += ')';
  }
  if (!group.name.empty()) {
    text += " \"" + group.name + '"';
  }
  if (!group.labels.empty()) {
    text += " {" + group.labels + '}';
  }
  return text;
}

std::string origin(const LeakGroup& group) {
  if (group.created.empty() && group.creator == 0) {
    return "";
  }
  std::string text = ", created";
  if (!group.created.empty()) {
    const Frame& frame = group.created.front();
    text += frame.function.empty() ? "" : " by " + call(frame);
    text += frame.file.empty() ? "" : " at " + place(frame);
  }
  if (group.creator != 0 && !group.is_thread) {
    text += " in task " + std::to_string(group.creator);
  }
  return text;
}

std::string wait(const LeakGroup& group) {
  std::string text;
  if (group.fate != Fate::kRunning) {
    text = ", waiting";
    if (group.age_ns >= 0) {
      text += (group.count > 1 ? " up to " : " ") + duration(group.age_ns);
    }
    text += group.object.empty() ? "" : " for " + group.object;
  }
  if (!group.why.empty()) {
    text +=
        (text.ends_with(group.object) && group.why.starts_with("whose") ? " " : ", ") + group.why;
  }
  constexpr std::array<std::string_view, 4> kFates{": it is running", ": it was still going on",
                                                   ": it may go on", ": blocked for good"};
  return text + std::string(kFates[static_cast<std::size_t>(group.fate)]);
}

}  // namespace

std::string text_of(const LeakGroup& group) {
  std::string text = who(group) + " in state " + group.state;
  if (!group.frames.empty() && !group.frames.front().function.empty()) {
    text += ", with " + call(group.frames.front()) + " on top of the stack";
  }
  text += origin(group) + wait(group) + '\n';
  for (const Frame& frame : group.frames) {
    text += "    " + (frame.function.empty() ? "?" : frame.function) + '\n';
    if (!frame.file.empty()) {
      text += "        " + place(frame) + '\n';
    }
  }
  return text;
}

}  // namespace xgops::leaks
