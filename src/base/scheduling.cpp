#include "base/scheduling.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace latchkey {

namespace {

/// Nice values below the others: a tenth of their weight.
constexpr int steps_down = 10;
/// Nanoseconds; the kernel takes nothing shorter.
constexpr std::uint64_t shortest_turn = 100'000;
/// Longer than that, so that a thread with the shortest turn goes ahead at once; and short, since a turn is
/// also what a thread gives up that offers its core, and how long it is safe from others.
constexpr std::uint64_t turn_of_hashing = 2 * shortest_turn;

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

/// Of the calling thread: on Linux each has its own nice value, and 0 means it.
void ask_for_turns(std::uint64_t turn) {
  if (::sched_getscheduler(0) != SCHED_OTHER) return;  // an operator has chosen
  Attributes attributes;
  attributes.nice = ::getpriority(PRIO_PROCESS, 0);
  attributes.turn = turn;
  static_cast<void>(::syscall(SYS_sched_setattr, 0, &attributes, 0));
}

}  // namespace

void prefer_short_turns() { ask_for_turns(shortest_turn); }

void let_others_go_first() {
  // Beside the other threads, wherever an operator has put them all; the kernel bounds it.
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + steps_down));
  ask_for_turns(turn_of_hashing);
}

void offer_the_core() { ::sched_yield(); }

}  // namespace latchkey
