// SPDX-License-Identifier: MIT
// Begins as root and becomes user 65534, but keeps the right to change its groups, as servers do
// that still have something to set up.
#include "support.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>

namespace {

/// What the thread is permitted becomes what it may do.
bool raise_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) {
    return false;
  }
  for (auto& word : data) {
    word.effective = word.permitted;
  }
  return ::syscall(SYS_capset, &header, data) == 0;
}

bool change() {
  return ::prctl(PR_SET_KEEPCAPS, 1) == 0 && ::setresuid(65534, 65534, 65534) == 0 &&
         raise_capabilities() && ::setgroups(0, nullptr) == 0 &&
         ::setresgid(65534, 65534, 65534) == 0;
}

}  // namespace

int main() {
  target::Scene scene;
  scene.announce();
  target::Scene::serve(
      [](const std::string&) { return std::string(change() ? "changed" : std::strerror(errno)); });
}
