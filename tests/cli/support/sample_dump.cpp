// SPDX-License-Identifier: MIT
#include "cli/support/sample_dump.hpp"

namespace xgops::test {

std::string sample_dump() {
  return R"(server: ready
working: 50% xgops-dump 4711.1 1 begin version=1 pid=4711 tid=4712 cause=crash signal=11 code=1 address=0x10 time_ns=1767225600000000000 agent=0.1.0 program=server
xgops-dump 4711.1 2 module begin=0x400000 end=0x500000 bias=0x400000 build_id=0102 deleted=0 path=/opt/a%20b/server
xgops-dump 4711.1 3 thread tid=4712 name=worker%20%251 state=R status=exact method=signal cpu_ns=3000000
xgops-dump 4711.1 4 frames tid=4712 401000! 402000 403000
server: request failed
xgops-dump 4711.1 5 thread tid=4711 name=server state=S status=exact method=read cpu_ns=9000000 call=232 a0=0x4 a1=0x7ffc00000000 a2=0x80 a3=0xffffffff a4=0x0 a5=0x0
xgops-dump 4711.1 6 frames tid=4711 411000! 412000
xgops-dump 4711.1 7 thread tid=4713 name=io state=R status=exact method=signal cpu_ns=1000000
xgops-dump 4711.1 8 frames tid=4713 421000! 422000~
xgops-dump 4711.1 9 thread tid=4714 name=spins state=R status=unavailable method=none cpu_ns=5000000 reason=runnable,%20but%20it%20did%20not%20answer
xgops-dump 4711.1 10 task id=1 parent=0 state=running status=exact resumed=3 tid=4712 name=session
xgops-dump 4711.1 11 created task=1 file=/src/server.cpp line=10 function=int%20main()
xgops-dump 4711.1 12 chain task=1 file=/src/server.cpp line=20 function=awaitable%3Cvoid%3E%20serve()
xgops-dump 4711.1 13 task id=2 parent=1 state=waiting status=exact resumed=1 age_ns=2000000000 reason=4 wait=socket%20receive fd=7
xgops-dump 4711.1 14 chain task=2 file=/src/server.cpp line=30
xgops-dump 4711.1 15 chain task=2 file=/src/server.cpp line=40
xgops-dump 4711.1 16 task id=3 parent=1 state=waiting status=exact resumed=1 age_ns=1000000000 reason=23 wait=mutex%20lock at=0x7f0000000010 held_by_task=9
xgops-dump 4711.1 17 fault tid=4713 signal=6 code=-6 sender=4711
xgops-dump 4711.1 18 end threads=4 ended=1 interrupted=1 threads_truncated=0 tasks=3 tasks_running=1 tasks_changed=0 tasks_truncated=0 elapsed_ns=1500000
Aborted
)";
}

}  // namespace xgops::test
