// SPDX-License-Identifier: MIT
// ASYNC-SIGNAL-SAFE ZONE: see capture_slot.hpp for the rules.
#pragma once

#include <signal.h>

namespace xgops::signal_safe {

/// Handler of the capture signal (SA_SIGINFO): copies the interrupted thread's registers and the
/// inner part of its stack into the slot named by the signal's value. Never blocks, unless the
/// value names a slot to stand still in, see park_slot.hpp.
///
/// Cost: 1 to 3 us. Uses less than 512 bytes of stack beside the signal frame.
void on_capture_signal(int signal, siginfo_t* info, void* context) noexcept;

}  // namespace xgops::signal_safe
