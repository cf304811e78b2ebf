// SPDX-License-Identifier: MIT
#include "tasks/lost_exceptions.hpp"

#include "tasks/details.hpp"
#include "xgops/detail/task_record.hpp"
#include "xgops/tasks_abi.h"

#include <algorithm>
#include <cstring>

#include <sched.h>

namespace xgops::tasks {
namespace {

constinit LostExceptions g_lost;

template <std::size_t N>
void copy_text(std::array<char, N>& to, const char* text) noexcept {
  const std::size_t length = ::strnlen(text, N - 1);
  std::memcpy(to.data(), text, length);
  to[length] = '\0';
}

}  // namespace

LostExceptions& lost_exceptions() noexcept {
  return g_lost;
}

/// Holds the list while others may want it, too. Not for ever: after a fork nobody may be there who
/// gives it back.
class LostExceptions::Turn {
 public:
  explicit Turn(std::atomic_flag& busy) noexcept : busy_(busy) {
    constexpr int kTries = 1000;
    for (int i = 0; i < kTries && !held_; ++i) {
      held_ = !busy_.test_and_set(std::memory_order_acquire);
      if (!held_) {
        ::sched_yield();
      }
    }
  }
  ~Turn() {
    if (held_) {
      busy_.clear(std::memory_order_release);
    }
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  explicit operator bool() const noexcept { return held_; }

 private:
  std::atomic_flag& busy_;
  bool held_ = false;
};

void LostExceptions::add(const LostException& seen) noexcept {
  const Turn turn(busy_);
  const auto end = all_.begin() + static_cast<std::ptrdiff_t>(turn ? kinds_ : 0);
  auto found = std::find_if(all_.begin(), end, [&](const LostException& known) {
    return known.created_at == seen.created_at && known.type == seen.type;
  });
  if (!turn || (found == end && kinds_ == kMost)) {
    unlisted_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (found == end) {
    ++kinds_;
    found->count = 0;
  }
  const std::uint64_t count = found->count + 1;
  *found = seen;
  found->count = count;
}

std::vector<LostException> LostExceptions::list() const {
  std::vector<LostException> copy;
  copy.reserve(kMost);  // Not while others wait.
  const Turn turn(busy_);
  if (turn) {
    copy.assign(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(kinds_));
  }
  return copy;
}

}  // namespace xgops::tasks

extern "C" [[gnu::visibility("default")]] void xgops_task_lose_exception(
    const xgops_task_record* record, const char* type, const char* what, std::uint64_t place,
    std::uint64_t function) {
  using namespace xgops::tasks;  // NOLINT(google-build-using-namespace): of one function.
  LostException seen;
  seen.created_at = record->created_at.load(std::memory_order_relaxed);
  seen.place = place;
  seen.function = function;
  seen.last_task = xgops::detail::id_of(*record);
  seen.last = xgops::detail::coarse_ticks();
  copy_text(seen.type, type);
  copy_text(seen.what, what);
  Details of_task;
  const std::uint32_t index = record->details.load(std::memory_order_relaxed);
  if (index != 0 && details().read(index, of_task)) {
    copy_text(seen.name, of_task.name.data());
  }
  lost_exceptions().add(seen);
}
