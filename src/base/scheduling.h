#pragma once

namespace latchkey {

/// How the kernel is to schedule the calling thread beside the others. Both are wishes: what the kernel does
/// not know or refuses is left as it was.

/// For threads that clients wait for: short turns that come soon. From Linux 6.12 on such a thread goes ahead
/// of one with longer turns as soon as it wakes up; older kernels take no notice.
void prefer_short_turns();

/// For threads that hash: everybody else goes first. Not SCHED_IDLE: a fifth of nice 19's small share would
/// be left while requests, or other programs, keep every core busy; a thread without privileges can not come
/// back from it; and it gained next to nothing (docs/performance.md).
void let_others_go_first();

}  // namespace latchkey
