#include "base/scheduling.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace latchkey {

namespace {

constexpr int lowest_priority = 19;
constexpr std::uint64_t shortest_turn = 100'000;  // nanoseconds; the kernel takes nothing shorter

/// `sched_attr` of sched_setattr(2) as it first was; glibc 2.36 has neither it nor the call.
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t turn = 0;  ///< `sched_runtime`, nanoseconds
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

}  // namespace

// On Linux a thread has its own nice value, and 0 is the calling thread.

void prefer_short_turns() {
  if (::sched_getscheduler(0) != SCHED_OTHER) return;  // an operator has chosen
  Attributes attributes;
  attributes.nice = ::getpriority(PRIO_PROCESS, 0);
  attributes.turn = shortest_turn;
  static_cast<void>(::syscall(SYS_sched_setattr, 0, &attributes, 0));
}

void let_others_go_first() { static_cast<void>(::setpriority(PRIO_PROCESS, 0, lowest_priority)); }

}  // namespace latchkey
