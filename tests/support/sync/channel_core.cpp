// SPDX-License-Identifier: MIT
#include "support/sync/channel_core.hpp"

#include <mutex>
#include <stdexcept>

namespace xgops::test::sync {
namespace {

constexpr WaitKind kSend{WaitReason::kChannelSend};
constexpr WaitKind kReceive{WaitReason::kChannelReceive};
constexpr WaitKind kSelect{WaitReason::kSelect};

// One for all channels: a select needs several at once, and tests do not need them to be fast.
std::mutex g_mutex;

}  // namespace

bool ChannelCore::send_now(ChannelCase& mine) {
  if (closed_) {
    mine.was_closed = true;
    return true;
  }
  if (!receivers_.empty()) {
    const Parked receiver = receivers_.front();
    pass(mine.value, receiver.select->cases_[receiver.index].value);
    receiver.select->complete(receiver.index);
    return true;
  }
  if (buffered() < capacity_) {
    push(mine.value);
    return true;
  }
  return false;
}

bool ChannelCore::receive_now(ChannelCase& mine) {
  const bool from_buffer = buffered() > 0;
  if (from_buffer) {
    pop(mine.value);
  }
  if (!senders_.empty()) {
    const Parked sender = senders_.front();
    void* const value = sender.select->cases_[sender.index].value;
    if (from_buffer) {
      push(value);
    } else {
      pass(value, mine.value);
    }
    sender.select->complete(sender.index);
    return true;
  }
  if (!from_buffer && closed_) {
    empty(mine.value);
  }
  return from_buffer || closed_;
}

bool ChannelCore::do_now(ChannelCase& mine) {
  return mine.is_send ? send_now(mine) : receive_now(mine);
}

std::optional<std::size_t> ChannelCore::do_any(std::span<ChannelCase> cases) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].channel != nullptr && cases[i].channel->do_now(cases[i])) {
      return i;
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> ChannelCore::try_any(std::span<ChannelCase> cases) {
  const std::scoped_lock lock(g_mutex);
  const auto done = do_any(cases);
  if (done && cases[*done].was_closed) {
    throw std::logic_error("send into a closed channel");
  }
  return done;
}

void ChannelCore::close() {
  const std::scoped_lock lock(g_mutex);
  if (closed_) {
    throw std::logic_error("close of a closed channel");
  }
  closed_ = true;
  while (!receivers_.empty()) {
    const Parked receiver = receivers_.front();
    empty(receiver.select->cases_[receiver.index].value);
    receiver.select->complete(receiver.index);
  }
  while (!senders_.empty()) {
    const Parked sender = senders_.front();
    sender.select->cases_[sender.index].was_closed = true;
    sender.select->complete(sender.index);
  }
}

std::size_t ChannelCore::size() const {
  const std::scoped_lock lock(g_mutex);
  return buffered();
}

std::size_t ChannelCore::waiting_senders() const {
  const std::scoped_lock lock(g_mutex);
  return senders_.size();
}

std::size_t ChannelCore::waiting_receivers() const {
  const std::scoped_lock lock(g_mutex);
  return receivers_.size();
}

SelectAwaiter::~SelectAwaiter() {
  // Always: the last step of who completed it is to give the lock back.
  const std::scoped_lock lock(g_mutex);
  leave();
}

bool SelectAwaiter::await_ready() {
  const std::scoped_lock lock(g_mutex);
  chosen_ = ChannelCore::do_any(cases_);
  return chosen_.has_value();
}

AnnouncedWait SelectAwaiter::announce() noexcept {
  const WaitKind& kind = is_select_ ? kSelect : cases_[0].is_send ? kSend : kReceive;
  const auto ends_for = [](const ChannelCase& each) -> const HolderSet& {
    return each.is_send ? each.channel->receiving_ends_ : each.channel->sending_ends_;
  };
  if (!is_select_ && cases_[0].channel != nullptr) {
    return announce_wait(kind, ends_for(cases_[0]));
  }
  for (const ChannelCase& each : cases_) {
    if (each.channel != nullptr) {
      other_ends_.include(ends_for(each));
    }
  }
  other_ends_.seal();  // As open as what it includes; without channels nobody can end it.
  return announce_wait(kind, other_ends_);
}

bool SelectAwaiter::await_suspend(std::coroutine_handle<> coroutine) {
  waiter_.remember(coroutine, announce());
  const std::scoped_lock lock(g_mutex);
  chosen_ = ChannelCore::do_any(cases_);  // Again: something may have come since `await_ready`.
  if (chosen_) {
    return false;
  }
  queued_ = true;
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    if (ChannelCore* const channel = cases_[i].channel) {
      (cases_[i].is_send ? channel->senders_ : channel->receivers_).push_back({this, i});
    }
  }
  return true;
}

std::size_t SelectAwaiter::await_resume() {
  const std::scoped_lock lock(g_mutex);
  if (cases_[*chosen_].was_closed) {
    throw std::logic_error("send into a closed channel");
  }
  return *chosen_;
}

void SelectAwaiter::leave() {
  if (!queued_) {
    return;
  }
  queued_ = false;
  const auto is_mine = [this](const ChannelCore::Parked& parked) { return parked.select == this; };
  for (const ChannelCase& each : cases_) {
    if (each.channel != nullptr) {
      each.channel->senders_.remove_if(is_mine);
      each.channel->receivers_.remove_if(is_mine);
    }
  }
}

void SelectAwaiter::complete(std::size_t index) {
  leave();
  chosen_ = index;
  waiter_.wake();
}

}  // namespace xgops::test::sync
