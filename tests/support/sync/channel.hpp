// SPDX-License-Identifier: MIT
// A queue between tasks, with room for some values or for none.
#pragma once

#include "support/sync/channel_core.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace xgops::test::sync {

/// chan of Go: a send waits until there is room, or without room until a task receives; close ends
/// it. All of it may be used by all threads.
template <class T>
class Channel : public ChannelCore {
 public:
  /// `capacity` 0: a value passes from hand to hand.
  explicit Channel(std::size_t capacity = 0) : ChannelCore(capacity) {}

  class SendAwaiter : public SelectAwaiter {
   public:
    SendAwaiter(Channel& channel, T value)
        : SelectAwaiter({&case_, 1}), value_(std::move(value)), case_(channel.sending(value_)) {}

   private:
    T value_;
    ChannelCase case_;
  };
  class ReceiveAwaiter : public SelectAwaiter {
   public:
    explicit ReceiveAwaiter(Channel& channel)
        : SelectAwaiter({&case_, 1}), case_(channel.receiving(value_)) {}
    std::optional<T> await_resume() {
      SelectAwaiter::await_resume();
      return std::move(value_);
    }

   private:
    std::optional<T> value_;
    ChannelCase case_;
  };

  /// Throws std::logic_error once the channel is closed.
  SendAwaiter send(T value) { return {*this, std::move(value)}; }
  /// Nothing: the channel is closed, and empty.
  ReceiveAwaiter receive() { return ReceiveAwaiter(*this); }

  // For `select`; `value` must live until it is over. A default-constructed ChannelCase is never
  // ready, like a nil channel in Go.
  ChannelCase sending(T& value) noexcept { return {this, &value, true}; }
  ChannelCase receiving(std::optional<T>& value) noexcept { return {this, &value, false}; }

 private:
  void push(void* from) override { buffer_.push_back(std::move(*static_cast<T*>(from))); }
  void pop(void* to) override {
    *static_cast<std::optional<T>*>(to) = std::move(buffer_.front());
    buffer_.pop_front();
  }
  void pass(void* from, void* to) override {
    *static_cast<std::optional<T>*>(to) = std::move(*static_cast<T*>(from));
  }
  void empty(void* to) override { static_cast<std::optional<T>*>(to)->reset(); }
  [[nodiscard]] std::size_t buffered() const override { return buffer_.size(); }

  std::deque<T> buffer_;
};

/// What `send` and `receive` are for a nil channel in Go: they wait for ever.
class NilAwaiter : public SelectAwaiter {
 public:
  explicit NilAwaiter(bool is_send) noexcept
      : SelectAwaiter({&case_, 1}), case_{nullptr, nullptr, is_send} {}

 private:
  ChannelCase case_;
};
inline NilAwaiter send_to_nil() noexcept {
  return NilAwaiter(true);
}
inline NilAwaiter receive_from_nil() noexcept {
  return NilAwaiter(false);
}

/// `switch (co_await select(events.receiving(event), stop.receiving(nothing)))`: waits until one of
/// the cases can be done, does it and returns its index. Of several it takes the first: Go chooses
/// at random, a test wants to know. Without cases it waits for ever.
template <class... Cases>
auto select(Cases... cases) {
  return Select<sizeof...(Cases)>(std::array<ChannelCase, sizeof...(Cases)>{cases...});
}

/// Go's select with a default: does not wait. Nothing: no case could be done.
template <class... Cases>
std::optional<std::size_t> try_select(Cases... cases) {
  std::array<ChannelCase, sizeof...(Cases)> all{cases...};
  return ChannelCore::try_any(all);
}

}  // namespace xgops::test::sync
