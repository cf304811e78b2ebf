// SPDX-License-Identifier: MIT
#include "tasks/details.hpp"

#include "tasks/leak_scopes.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <mutex>
#include <utility>

#include <unwind.h>

namespace xgops::tasks {
namespace {

using detail::kRelaxed;
using detail::kRelease;

constinit DetailTable g_details;  // Never destroyed: tasks end during and after static destructors.

std::uint64_t hash_of(const DetailTable::CreationStack& stack) noexcept {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(stack.return_addresses.data()),
       stack.frames * sizeof(std::uint64_t)});
}

/// `labels` with `key` set to `value`: in the order of their keys, as "key=value key=value".
std::string with_label(std::string_view labels, std::string_view key, std::string_view value) {
  std::vector<std::string> entries;
  for (std::size_t begin = 0; begin < labels.size();) {
    const std::size_t end = std::min(labels.find(' ', begin), labels.size());
    const std::string_view entry = labels.substr(begin, end - begin);
    if (entry.substr(0, entry.find('=')) != key) {
      entries.emplace_back(entry);
    }
    begin = end + 1;
  }
  std::string added(key);
  added += '=';
  added += value;
  entries.push_back(std::move(added));
  std::sort(entries.begin(), entries.end());
  std::string text;
  for (const std::string& entry : entries) {
    text += (text.empty() ? "" : " ") + entry;
  }
  return text;
}

/// Spaces and '=' separate labels.
std::string cleaned(std::string_view text, std::size_t most) {
  std::string result(text.substr(0, most));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c == ' ' || c == '='; }, '_');
  return result;
}

constexpr std::size_t kMaxLabelBytes = 64;
constexpr std::size_t kMaxLabelSetBytes = 512;

}  // namespace

DetailTable& details() noexcept {
  return g_details;
}

template <class T>
const T* DetailTable::Interned<T>::at(std::uint32_t id) const noexcept {
  const Table* const table = table_.load(std::memory_order_acquire);
  if (table == nullptr || id == 0 || id > kMost) {
    return nullptr;
  }
  const Slot* const slot = table->slots[id].load(std::memory_order_acquire);
  return slot == nullptr ? nullptr : &slot->value;
}

template <class T>
template <class Same>
std::uint32_t DetailTable::Interned<T>::find(std::uint64_t hash, Same same) const noexcept {
  const Table* const table = table_.load(kRelaxed);
  if (table == nullptr) {
    return 0;
  }
  for (std::uint32_t id = table->buckets[hash % kBuckets]; id != 0;) {
    const Slot& slot = *table->slots[id].load(kRelaxed);
    if (slot.hash == hash && same(slot.value)) {
      return id;
    }
    id = slot.next;
  }
  return 0;
}

template <class T>
std::uint32_t DetailTable::Interned<T>::add(T&& value, std::uint64_t hash) {
  Table* table = table_.load(kRelaxed);
  if (table == nullptr) {
    table = new Table;
    table_.store(table, kRelease);
  }
  if (table->count == kMost) {
    return 0;
  }
  std::uint32_t& bucket = table->buckets[hash % kBuckets];
  const auto* const slot = new Slot{hash, bucket, std::forward<T>(value)};
  const std::uint32_t id = ++table->count;
  table->slots[id].store(slot, kRelease);
  bucket = id;
  return id;
}

/// One change of an entry, as readers see it: all or nothing.
class DetailTable::Change {
 public:
  explicit Change(Entry& entry) noexcept : entry_(entry) {
    entry_.sequence.store(entry_.sequence.load(kRelaxed) + 1, kRelaxed);
  }
  ~Change() { entry_.sequence.store(entry_.sequence.load(kRelaxed) + 1, kRelease); }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  Entry& entry_;
};

DetailTable::Entry* DetailTable::entry(std::uint32_t index) const noexcept {
  const std::uint64_t address =
      reinterpret_cast<std::uint64_t>(arena_.begin()) + std::uint64_t{index} * sizeof(Entry);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): there may be no arena yet to point into.
  return index != 0 && arena_.contains(address, sizeof(Entry)) ? reinterpret_cast<Entry*>(address)
                                                               : nullptr;
}

DetailTable::Entry* DetailTable::entry_of(Record& record) noexcept {
  std::uint32_t index = record.details.load(kRelaxed);
  if (index != 0) {
    return entry(index);
  }
  index = first_free_;
  if (index != 0) {
    first_free_ = entry(index)->leak_scope.load(kRelaxed);
    entry(index)->leak_scope.store(0, kRelaxed);
  } else {
    constexpr std::size_t kSlabBytes = std::size_t{64} << 10;
    // Entry 0 stays unused.
    const std::uint32_t next = std::max(used_, 1U);
    if (entry(next) == nullptr && arena_.grow(kSlabBytes) == nullptr) {
      return nullptr;
    }
    index = next;
    used_ = next + 1;
  }
  record.details.store(index, kRelease);
  return entry(index);
}

void DetailTable::set_name(Record& record, std::string_view name) {
  const std::scoped_lock lock(*this);
  Entry* const mine = entry_of(record);
  if (mine == nullptr) {
    return;
  }
  std::array<char, kMaxNameBytes + 1> bytes{};
  std::copy_n(name.begin(), std::min(name.size(), kMaxNameBytes), bytes.begin());
  const Change change(*mine);
  for (std::size_t i = 0; i < mine->name.size(); ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i * sizeof word, sizeof word);
    mine->name[i].store(word, kRelease);
  }
}

std::uint32_t DetailTable::intern_labels(const std::string& text) {
  const std::uint64_t hash = std::hash<std::string>{}(text);
  const std::uint32_t known =
      labels_.find(hash, [&](const std::string& other) { return other == text; });
  return known != 0 ? known : labels_.add(std::string(text), hash);
}

void DetailTable::set_label(Record& record, std::string_view key, std::string_view value) {
  const std::scoped_lock lock(*this);
  Entry* const mine = entry_of(record);
  if (mine == nullptr) {
    return;
  }
  std::string text = with_label(labels(mine->labels.load(kRelaxed)), cleaned(key, kMaxLabelBytes),
                                cleaned(value, kMaxLabelBytes));
  text.resize(std::min(text.size(), kMaxLabelSetBytes));
  const std::uint32_t set = intern_labels(text);
  if (set == 0) {
    return;  // There are too many different sets: the old one stays.
  }
  const Change change(*mine);
  mine->labels.store(set, kRelease);
}

void DetailTable::inherit(Record& record, const Record& parent) {
  const std::scoped_lock lock(*this);
  const Entry* const theirs = entry(parent.details.load(kRelaxed));
  const std::uint32_t set = theirs == nullptr ? 0 : theirs->labels.load(kRelaxed);
  if (set == 0) {
    return;
  }
  if (Entry* const mine = entry_of(record)) {
    const Change change(*mine);
    mine->labels.store(set, kRelease);
  }
}

void DetailTable::set_leak_scope(Record& record, std::uint32_t scope) {
  const std::scoped_lock lock(*this);
  Entry* const mine = entry_of(record);
  if (mine == nullptr || !leak_scopes().enter(scope)) {
    return;
  }
  const Change change(*mine);
  mine->leak_scope.store(scope, kRelease);
}

std::uint32_t DetailTable::leak_scope(std::uint32_t index) const noexcept {
  const Entry* const mine = entry(index);
  return mine == nullptr ? 0 : mine->leak_scope.load(kRelaxed);
}

void DetailTable::set_creation_stack(Record& record, const CreationStack& stack) {
  const std::scoped_lock lock(*this);
  Entry* const mine = entry_of(record);
  if (mine == nullptr) {
    return;
  }
  const std::uint64_t hash = hash_of(stack);
  std::uint32_t id = stacks_.find(hash, [&](const CreationStack& other) {
    return other.frames == stack.frames && other.return_addresses == stack.return_addresses;
  });
  if (id == 0) {
    id = stacks_.add(CreationStack(stack), hash);
  }
  const Change change(*mine);
  mine->creation_stack.store(id, kRelease);
}

void DetailTable::forget(Record& record) noexcept {
  const std::scoped_lock lock(*this);
  const std::uint32_t index = record.details.load(kRelaxed);
  record.details.store(0, kRelease);
  Entry* const mine = entry(index);
  if (mine == nullptr) {
    return;
  }
  leak_scopes().leave(mine->leak_scope.load(kRelaxed));
  {
    const Change change(*mine);
    mine->labels.store(0, kRelease);
    mine->creation_stack.store(0, kRelease);
    mine->leak_scope.store(first_free_, kRelease);
    for (auto& word : mine->name) {
      word.store(0, kRelease);
    }
  }
  first_free_ = index;
}

bool DetailTable::read(std::uint32_t index, Details& out) const noexcept {
  const Entry* const mine = entry(index);
  if (mine == nullptr) {
    return false;
  }
  const std::uint32_t before = mine->sequence.load(std::memory_order_acquire);
  out.labels = mine->labels.load(std::memory_order_acquire);
  out.creation_stack = mine->creation_stack.load(std::memory_order_acquire);
  out.leak_scope = mine->leak_scope.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < mine->name.size(); ++i) {
    const std::uint64_t word = mine->name[i].load(std::memory_order_acquire);
    std::memcpy(out.name.data() + i * sizeof word, &word, sizeof word);
  }
  out.name.back() = '\0';
  return (before & 1U) == 0 && before == mine->sequence.load(kRelaxed);
}

std::string_view DetailTable::labels(std::uint32_t set) const noexcept {
  const std::string* const text = labels_.at(set);
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

const DetailTable::CreationStack* DetailTable::creation_stack(std::uint32_t id) const noexcept {
  return stacks_.at(id);
}

DetailTable::CreationStack current_stack(std::size_t skip) noexcept {
  struct Walk {
    DetailTable::CreationStack stack;
    std::size_t skip;
  } walk{{}, skip + 1};
  const auto step = [](_Unwind_Context* context, void* argument) {
    auto& state = *static_cast<Walk*>(argument);
    if (state.skip > 0) {
      --state.skip;
      return _URC_NO_REASON;
    }
    const std::uint64_t address = ::_Unwind_GetIP(context);
    if (address == 0 || state.stack.frames == kMaxCreationFrames) {
      return _URC_END_OF_STACK;
    }
    state.stack.return_addresses[state.stack.frames++] = address;
    return _URC_NO_REASON;
  };
  ::_Unwind_Backtrace(step, &walk);
  return walk.stack;
}

}  // namespace xgops::tasks
