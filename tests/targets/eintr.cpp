// SPDX-License-Identifier: MIT
// A thread in every call that blocks; tells which of them came back early. Nobody may disturb them.
#include "blocking_calls.hpp"

#include <sstream>

#include <signal.h>

namespace {

/// Runs one call and remembers when it returns.
struct Watch {
  explicit Watch(target::BlockingCall blocking_call) : call(std::move(blocking_call)) {}

  target::BlockingCall call;
  std::atomic<bool> returned{false};
  std::atomic<long> result{0};
  std::atomic<int> error{0};
};

/// `{"blocked": N, "returned": ["call: result errno", ...]}`
std::string report(const std::deque<Watch>& watches) {
  std::ostringstream text;
  text << "{\"blocked\":" << watches.size() << ",\"returned\":[";
  const char* separator = "";
  for (const Watch& watch : watches) {
    if (watch.returned) {
      text << separator << '"' << watch.call.name << ": " << watch.result << " errno "
           << watch.error << '"';
      separator = ",";
    }
  }
  text << "]}";
  return text.str();
}

}  // namespace

int main() {
  // Pending, never delivered: nobody's wait ends because a test's signal goes astray.
  sigset_t user_signal;
  ::sigemptyset(&user_signal);
  ::sigaddset(&user_signal, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &user_signal, nullptr);

  static std::deque<Watch> watches;
  target::Scene scene;
  for (auto& call : target::blocking_calls()) {
    Watch& watch = watches.emplace_back(std::move(call));
    scene.add(watch.call.name, {.reason = "", .system_call = watch.call.system_call},
              [&watch](target::Actor& actor) {
                const long result = watch.call.block(actor);
                watch.error = errno;
                watch.result = result;
                watch.returned = true;
                for (;;) {
                  ::pause();
                }
              });
  }
  scene.announce();
  target::Scene::serve([](const std::string&) { return report(watches); });
}
