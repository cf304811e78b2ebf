// SPDX-License-Identifier: MIT
// In the preloadable build only: programs that change their user or groups pass through here, since
// the agent's thread must be able to follow. Nothing else happens.
#include "lifecycle.hpp"
#include "preload_next.hpp"

#include <cerrno>

#include <grp.h>
#include <unistd.h>

namespace xgops::agent {
namespace {

/// Calls what the program would have called without us.
template <class... Arguments>
int change(NextFunction<int (*)(Arguments...)>& function, Arguments... arguments) noexcept {
  const auto next = function.get();
  if (next == nullptr) {
    errno = ENOSYS;
    return -1;
  }
  const CredentialChange follows;
  return next(arguments...);
}

constinit NextFunction<int (*)(uid_t)> g_setuid("setuid");
constinit NextFunction<int (*)(uid_t)> g_seteuid("seteuid");
constinit NextFunction<int (*)(uid_t, uid_t)> g_setreuid("setreuid");
constinit NextFunction<int (*)(uid_t, uid_t, uid_t)> g_setresuid("setresuid");
constinit NextFunction<int (*)(gid_t)> g_setgid("setgid");
constinit NextFunction<int (*)(gid_t)> g_setegid("setegid");
constinit NextFunction<int (*)(gid_t, gid_t)> g_setregid("setregid");
constinit NextFunction<int (*)(gid_t, gid_t, gid_t)> g_setresgid("setresgid");
constinit NextFunction<int (*)(std::size_t, const gid_t*)> g_setgroups("setgroups");
constinit NextFunction<int (*)(const char*, gid_t)> g_initgroups("initgroups");

[[gnu::constructor]] void find_functions() noexcept {
  g_setuid.get();
  g_seteuid.get();
  g_setreuid.get();
  g_setresuid.get();
  g_setgid.get();
  g_setegid.get();
  g_setregid.get();
  g_setresgid.get();
  g_setgroups.get();
  g_initgroups.get();
}

}  // namespace
}  // namespace xgops::agent

#define XGOPS_STANDS_IN_FRONT extern "C" [[gnu::visibility("default")]] int

XGOPS_STANDS_IN_FRONT setuid(uid_t user) noexcept {
  return xgops::agent::change(xgops::agent::g_setuid, user);
}
XGOPS_STANDS_IN_FRONT seteuid(uid_t user) noexcept {
  return xgops::agent::change(xgops::agent::g_seteuid, user);
}
XGOPS_STANDS_IN_FRONT setreuid(uid_t real, uid_t effective) noexcept {
  return xgops::agent::change(xgops::agent::g_setreuid, real, effective);
}
XGOPS_STANDS_IN_FRONT setresuid(uid_t real, uid_t effective, uid_t saved) noexcept {
  return xgops::agent::change(xgops::agent::g_setresuid, real, effective, saved);
}
XGOPS_STANDS_IN_FRONT setgid(gid_t group) noexcept {
  return xgops::agent::change(xgops::agent::g_setgid, group);
}
XGOPS_STANDS_IN_FRONT setegid(gid_t group) noexcept {
  return xgops::agent::change(xgops::agent::g_setegid, group);
}
XGOPS_STANDS_IN_FRONT setregid(gid_t real, gid_t effective) noexcept {
  return xgops::agent::change(xgops::agent::g_setregid, real, effective);
}
XGOPS_STANDS_IN_FRONT setresgid(gid_t real, gid_t effective, gid_t saved) noexcept {
  return xgops::agent::change(xgops::agent::g_setresgid, real, effective, saved);
}
XGOPS_STANDS_IN_FRONT setgroups(std::size_t count, const gid_t* groups) noexcept {
  return xgops::agent::change(xgops::agent::g_setgroups, count, groups);
}
XGOPS_STANDS_IN_FRONT initgroups(const char* user, gid_t group) {
  return xgops::agent::change(xgops::agent::g_initgroups, user, group);
}
