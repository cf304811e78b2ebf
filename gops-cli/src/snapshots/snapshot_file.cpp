// SPDX-License-Identifier: MIT
#include "snapshots/snapshot_file.hpp"

#include "client/handshake.hpp"
#include "output/escape.hpp"
#include "support/failure.hpp"
#include "support/parse.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/header.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace xgops::cli {
namespace {

using protocol::Header;
using protocol::MessageType;

constexpr std::string_view kFirstLine = "xgops-snapshot 1";
constexpr std::string_view kFirstWord = "xgops-snapshot ";
constexpr std::size_t kMaxPreambleBytes = 4096;
constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxBootIdBytes = 64;

Error bad_file(std::string what) {
  return failure(Failure::kBadAnswer, std::move(what));
}

template <class Message>
void append(std::string& file, MessageType type, const Message& message, bool final) {
  Header header;
  header.type = type;
  header.flags = final ? protocol::kFinal : protocol::kNoFlags;
  const protocol::Bytes bytes = protocol::encode_message(header, message);
  file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

template <class Message>
void append_all(std::string& file, MessageType type, const std::vector<Message>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    append(file, type, parts[i], i + 1 == parts.size());
  }
}

/// The lines before the messages; what is left of `file` begins with the first message.
Result<void> parse_preamble(std::string_view& file, Snapshot& snapshot) {
  const std::size_t end = file.substr(0, kMaxPreambleBytes).find("\n\n");
  if (!file.starts_with(kFirstWord) || end == std::string_view::npos) {
    return bad_file("it is no snapshot: `xgops snapshot -p PID -o FILE` writes one");
  }
  std::string_view lines = file.substr(0, end);
  file.remove_prefix(end + 2);
  bool first = true;
  while (!lines.empty()) {
    const std::size_t length = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, length);
    lines.remove_prefix(std::min(length + 1, lines.size()));
    if (std::exchange(first, false)) {
      if (line != kFirstLine) {
        return bad_file("it is a snapshot of a version that this xgops does not know");
      }
      continue;
    }
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view key = line.substr(0, space);
    const std::string_view value = line.substr(std::min(space + 1, line.size()));
    if (key == "boot_id") {
      snapshot.boot_id = value.substr(0, kMaxBootIdBytes);
    } else if (key == "name") {
      snapshot.name = value.substr(0, kMaxNameBytes);
    } else if (key == "time_ns") {
      snapshot.time_ns = parse_integer<std::uint64_t>(value).value_or(0);
    } else if (key == "since_boot_ns") {
      snapshot.since_boot_ns = parse_integer<std::uint64_t>(value).value_or(0);
    } else if (key == "pid") {
      snapshot.pid = parse_integer<pid_t>(value).value_or(0);
    }
  }
  return snapshot.pid > 0 ? Result<void>() : bad_file("it does not say of which process it is");
}

/// Sorts messages into a snapshot, and knows what must still come.
class MessageSorter {
 public:
  explicit MessageSorter(Snapshot& snapshot) : snapshot_(snapshot) {}

  Result<void> add(const Header& header, std::span<const std::byte> payload) {
    switch (header.type) {
      case MessageType::kHello: {
        if (greeted_) {
          return bad_file("it is of two processes");
        }
        auto hello = protocol::decode<protocol::Hello::Response>(payload);
        if (!hello) {
          return bad_file(hello.error().message());
        }
        snapshot_.hello = *std::move(hello);
        greeted_ = true;
        return {};
      }
      case MessageType::kStacks:
        return take<protocol::Stacks>(header, payload, snapshot_.stacks, open_[0]);
      case MessageType::kTasks:
        return take<protocol::Tasks>(header, payload, snapshot_.tasks, open_[1]);
      case MessageType::kWaits:
        return take<protocol::Waits>(header, payload, snapshot_.waits, open_[2]);
      default:
        return {};  // A later version may know more.
    }
  }

  Result<void> finish() const {
    const auto missing = [&](MessageType type, bool empty) {
      return empty && has_capability(snapshot_.hello, type);  // Every agent has threads.
    };
    const bool whole = greeted_ && !snapshot_.stacks.empty() &&
                       !missing(MessageType::kTasks, snapshot_.tasks.empty()) &&
                       !missing(MessageType::kWaits, snapshot_.waits.empty()) &&
                       std::none_of(open_.begin(), open_.end(), [](bool open) { return open; });
    return whole ? Result<void>() : bad_file("it is cut short");
  }

 private:
  template <class Exchange>
  static Result<void> take(const Header& header, std::span<const std::byte> payload,
                           std::vector<typename Exchange::Response>& parts, bool& open) {
    if (!parts.empty() && !open) {
      return bad_file("it goes on after its end");
    }
    auto part = protocol::decode<typename Exchange::Response>(payload);
    if (!part) {
      return bad_file(part.error().message());
    }
    parts.push_back(*std::move(part));
    open = (header.flags & protocol::kFinal) == 0;
    return {};
  }

  Snapshot& snapshot_;
  bool greeted_ = false;
  std::array<bool, 3> open_{};  ///< More of this answer has to come.
};

bool repeats(std::vector<std::uint64_t> ids) {
  std::sort(ids.begin(), ids.end());
  return std::adjacent_find(ids.begin(), ids.end()) != ids.end();
}

/// A comparison finds everybody by id.
Result<void> check_ids(const Snapshot& snapshot) {
  std::vector<std::uint64_t> ids;
  for (const protocol::Stacks::Response& part : snapshot.stacks) {
    for (const protocol::ThreadStack& thread : part.threads) {
      ids.push_back(static_cast<std::uint64_t>(thread.facts.tid));
    }
  }
  if (repeats(std::exchange(ids, {}))) {
    return bad_file("it has a thread twice");
  }
  for (const protocol::Tasks::Response& part : snapshot.tasks) {
    for (const protocol::Task& task : part.tasks) {
      ids.push_back(task.id);
    }
  }
  return repeats(std::move(ids)) ? bad_file("it has a task twice") : Result<void>();
}

}  // namespace

std::string encode_snapshot(const Snapshot& snapshot) {
  std::string file(kFirstLine);
  file += "\nboot_id " + snapshot.boot_id + "\ntime_ns " + std::to_string(snapshot.time_ns) +
          "\nsince_boot_ns " + std::to_string(snapshot.since_boot_ns) + "\npid " +
          std::to_string(snapshot.pid) + "\nname " +
          escape(snapshot.name).substr(0, kMaxNameBytes) + "\n\n";
  append(file, MessageType::kHello, snapshot.hello, true);
  append_all(file, MessageType::kStacks, snapshot.stacks);
  append_all(file, MessageType::kTasks, snapshot.tasks);
  append_all(file, MessageType::kWaits, snapshot.waits);
  return file;
}

Result<Snapshot> parse_snapshot(std::string_view file) {
  if (file.size() > kMaxSnapshotBytes) {
    return bad_file("it is larger than " + std::to_string(kMaxSnapshotBytes >> 20U) + " MiB");
  }
  Snapshot snapshot;
  if (auto parsed = parse_preamble(file, snapshot); !parsed) {
    return std::move(parsed).error();
  }
  MessageSorter sorter(snapshot);
  auto bytes = std::as_bytes(std::span(file.data(), file.size()));
  while (!bytes.empty()) {
    if (bytes.size() < protocol::kHeaderBytes) {
      return bad_file("it is cut short");
    }
    const auto header =
        protocol::decode_header(bytes.first<protocol::kHeaderBytes>(), protocol::kMaxReplyBytes);
    if (!header) {
      return bad_file(header.error().message());
    }
    bytes = bytes.subspan(protocol::kHeaderBytes);
    if (header->payload_bytes > bytes.size()) {
      return bad_file("it is cut short");
    }
    if (auto added = sorter.add(*header, bytes.first(header->payload_bytes)); !added) {
      return std::move(added).error();
    }
    bytes = bytes.subspan(header->payload_bytes);
  }
  if (auto finished = sorter.finish(); !finished) {
    return std::move(finished).error();
  }
  if (auto checked = check_ids(snapshot); !checked) {
    return std::move(checked).error();
  }
  return snapshot;
}

}  // namespace xgops::cli
