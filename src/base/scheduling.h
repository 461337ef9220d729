#pragma once

namespace latchkey {

/// How the kernel is to schedule the calling thread beside the others. Both are wishes: what the kernel does
/// not know or refuses is left as it was.

/// For threads that clients wait for: short turns that come soon. From Linux 6.12 on such a thread goes ahead
/// of one with longer turns as soon as it wakes up; older kernels take no notice.
void prefer_short_turns();

/// For threads that hash: everybody else goes first, but they keep a share of a core that others would fill,
/// so that sign-ins go on. Not SCHED_IDLE: next to nothing of a busy core would be left, and a thread without
/// privileges can not come back from it.
void let_others_go_first();

/// A thread that computes for milliseconds calls this every few hundredths of one: the thread that waits for
/// its core goes on, and it has a turn of its own again when that is due. Without it a thread of the kernel
/// that passes writes on to the disk waited for 5 ms, and a commit with it (docs/performance.md).
void offer_the_core();

}  // namespace latchkey
