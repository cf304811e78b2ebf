// SPDX-License-Identifier: MIT
// What each kernel leaves behind.
#include "leaks.hpp"

#include <map>
#include <vector>

namespace kernels {
namespace {

Entry entry(const char* id, std::vector<Leak> leaks, bool can_be_woken = false) {
  for (const auto* const kernels :
       {&kLockKernels, &kMixedKernels, &kChannelKernels, &kContextKernels, &kConditionKernels}) {
    if (const auto found = kernels->find(id); found != kernels->end()) {
      Entry made{id, found->second, std::move(leaks)};
      made.can_be_woken = can_be_woken;
      return made;
    }
  }
  return {id};
}

}  // namespace

const std::vector<Entry>& kernel_entries() {
  static const std::vector<Entry> all{
      // Locks.
      entry("cockroach_584", {{"mutex_lock", 1, 1}}),
      entry("etcd_10492", {{"rwlock_wlock", 1, 1}}),
      entry("etcd_5509", {{"rwlock_wlock", 1, 1}}),
      entry("grpc_795", {{"mutex_lock", 2, 2}}),
      entry("moby_17176", {{"mutex_lock", 1, 1}}),
      entry("moby_7559", {{"mutex_lock", 1, 1}}),
      entry("cockroach_10214", {{"mutex_lock", 2, 2}}),
      entry("kubernetes_13135", {{"rwlock_wlock", 1, 1}, {"mutex_lock", 1, 1}}),
      entry("moby_4951", {{"mutex_lock", 2, 2}}),
      entry("cockroach_16167", {{"rwlock_rlock", 1, 1}, {"rwlock_wlock", 1, 1}}),
      entry("cockroach_3710", {{"rwlock_rlock", 1, 1}, {"rwlock_wlock", 1, 1}}),
      // Whoever has the condition might notify: it does not say who that is.
      entry("kubernetes_58107",
            {{"cond_wait", 1, 0}, {"rwlock_wlock", 1, 0}, {"rwlock_rlock", 1, 0}}),
      // Channels, and with them contexts and conditions.
      entry("cockroach_2448", {{"select", 2, 2}}),
      entry("cockroach_25456", {{"chan_recv", 1, 1}}),
      entry("cockroach_35931", {{"chan_send", 1, 1}}),
      entry("grpc_1275", {{"chan_recv", 1, 1}}),
      entry("grpc_660", {{"chan_send", 1, 1}}),
      entry("kubernetes_38669", {{"chan_send", 1, 1}}),
      // The poller is woken by a ticker: it is not blocked.
      entry("kubernetes_70277", {{"chan_recv", 1, 1}, {"select", 1, 0}}, true),
      entry("moby_33293", {{"chan_send", 1, 1}}),
      entry("syncthing_5795", {{"chan_recv", 2, 2}}),
      // A clock has one of its channels.
      entry("grpc_862", {{"select", 1, 0}}, true),
      entry("cockroach_18101", {{"chan_send", 1, 1}}),
      entry("cockroach_13197", {{"chan_recv", 1, 1}}),
      entry("kubernetes_25331", {{"chan_send", 1, 1}}),
      entry("kubernetes_11298", {{"chan_recv", 2, 2}, {"cond_wait", 1, 1}}),
      // A global table has the condition.
      entry("moby_29733", {{"chan_recv", 1, 1}, {"cond_wait", 1, 1}}, true),
      // Channels or wait groups, and locks.
      entry("grpc_1460", {{"chan_recv", 1, 1}, {"mutex_lock", 1, 1}}),
      entry("etcd_7902", {{"chan_recv", 1, 1}, {"mutex_lock", 2, 2}, {"waitgroup_wait", 1, 1}}),
      entry("etcd_7443", {{"chan_send", 1, 1}, {"rwlock_wlock", 2, 2}, {"chan_recv", 1, 1}}),
      entry("istio_16224", {{"chan_send", 1, 1}, {"mutex_lock", 1, 1}}),
      entry("kubernetes_26980", {{"select", 1, 1}, {"mutex_lock", 1, 1}, {"chan_recv", 1, 1}}),
      entry("kubernetes_6632", {{"chan_send", 1, 1}, {"mutex_lock", 1, 1}}),
      entry("moby_28462", {{"chan_send", 1, 1}, {"mutex_lock", 1, 1}}),
      entry("cockroach_1462", {{"chan_send", 1, 1}, {"waitgroup_wait", 1, 1}}),
      entry("moby_25384", {{"waitgroup_wait", 1, 1}}),
  };
  return all;
}

}  // namespace kernels
