// SPDX-License-Identifier: MIT
// What channels do whatever they carry: who waits, whose turn it is, select.
#pragma once

#include "support/sync/waiter.hpp"

#include <array>
#include <coroutine>
#include <cstddef>
#include <list>
#include <optional>
#include <span>

namespace xgops::test::sync {

class ChannelCore;
class SelectAwaiter;

/// One thing that a select may do.
struct ChannelCase {
  ChannelCore* channel = nullptr;  ///< Null: it can never be done.
  void* value = nullptr;           ///< A `T` to send, a `std::optional<T>` to receive.
  bool is_send = false;
  bool was_closed = false;  ///< A send that cannot be done any more.
};

class ChannelCore {
 public:
  ChannelCore(const ChannelCore&) = delete;
  ChannelCore& operator=(const ChannelCore&) = delete;

  /// Receivers get what is left, then nothing; senders get an exception. Throws std::logic_error
  /// when it is closed already.
  void close();
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t waiting_senders() const;
  [[nodiscard]] std::size_t waiting_receivers() const;

  static std::optional<std::size_t> try_any(std::span<ChannelCase> cases);

  // Who can end a wait for it: tasks by their ids. Without these, anybody may.
  void add_sender(std::uint64_t task) { sending_ends_.add_task(task); }
  void add_receiver(std::uint64_t task) { receiving_ends_.add_task(task); }
  /// Nobody else will ever send, receive or close.
  void seal() noexcept {
    sending_ends_.seal();
    receiving_ends_.seal();
  }

 protected:
  explicit ChannelCore(std::size_t capacity) noexcept : capacity_(capacity) {}
  virtual ~ChannelCore() = default;

 private:
  friend class SelectAwaiter;

  /// A case of a select that waits.
  struct Parked {
    SelectAwaiter* select;
    std::size_t index;
  };

  // With what is carried; all under the lock.
  virtual void push(void* from) = 0;
  virtual void pop(void* to) = 0;
  virtual void pass(void* from, void* to) = 0;
  virtual void empty(void* to) = 0;
  [[nodiscard]] virtual std::size_t buffered() const = 0;

  [[nodiscard]] static std::optional<std::size_t> do_any(std::span<ChannelCase> cases);
  [[nodiscard]] bool do_now(ChannelCase& mine);
  [[nodiscard]] bool send_now(ChannelCase& mine);
  [[nodiscard]] bool receive_now(ChannelCase& mine);

  const std::size_t capacity_;
  bool closed_ = false;
  std::list<Parked> senders_;
  std::list<Parked> receivers_;
  HolderSet sending_ends_{HolderSet::Ends::kOneActs};
  HolderSet receiving_ends_{HolderSet::Ends::kOneActs};
};

/// Waits until one of its cases can be done. The cases must outlive it.
class SelectAwaiter {
 public:
  explicit SelectAwaiter(std::span<ChannelCase> cases, bool is_select = false) noexcept
      : cases_(cases), is_select_(is_select) {}
  ~SelectAwaiter();
  SelectAwaiter(const SelectAwaiter&) = delete;
  SelectAwaiter& operator=(const SelectAwaiter&) = delete;

  bool await_ready();
  bool await_suspend(std::coroutine_handle<> coroutine);
  /// Which case was done. Throws std::logic_error when that is a send into a closed channel.
  std::size_t await_resume();

 private:
  friend class ChannelCore;

  AnnouncedWait announce() noexcept;
  void leave();
  void complete(std::size_t index);

  const std::span<ChannelCase> cases_;
  const bool is_select_;
  Waiter waiter_;
  std::optional<std::size_t> chosen_;
  bool queued_ = false;
  HolderSet other_ends_{HolderSet::Ends::kOneActs};  ///< Of a select: those of all of its cases.
};

/// The awaiter of `select`, with its cases inside.
template <std::size_t kCases>
class Select : private std::array<ChannelCase, kCases>, public SelectAwaiter {
 public:
  explicit Select(const std::array<ChannelCase, kCases>& cases) noexcept
      : std::array<ChannelCase, kCases>(cases),
        SelectAwaiter(static_cast<std::array<ChannelCase, kCases>&>(*this), true) {}
};

}  // namespace xgops::test::sync
