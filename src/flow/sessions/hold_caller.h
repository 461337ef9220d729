#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/services.h"
#include "flow/sessions/authenticate.h"

/// What a signed-in caller may do is checked before a route's handler runs, and much can happen until the
/// handler writes: the owner of the account says "this was not me", resets the password, or signs out
/// everywhere. So every change that a signed-in caller makes is checked once more in its own transaction, by
/// `write_as`, or by what it calls where the work needs another order. tests/check/held_callers.py looks for
/// writes that forget it.
///
/// Locks are taken in one order everywhere: the guard of administrators (store/state.h) where it is needed,
/// the row of the account, the row of the session. What ends the sessions of an account locks its row first,
/// so none of them comes in between.
namespace latchkey::flow::sessions {

/// How lately the caller must have proved to be there: as the row of the route says (api/endpoint.h).
enum class Recency : std::uint8_t { any, recent };

/// Who asks for a change.
struct Asker {
  UserId user;
  SessionId session;
};
inline Asker asker_of(const Caller& caller) { return {.user = caller.user.id, .session = caller.session}; }

/// Holds the caller until the transaction ends: the account is unblocked, the session alive, and the proof as
/// recent, and as strong, as it has to be. The first thing that the transaction does (but for the guard of
/// administrators). Refuses with invalid_token and recent_sign_in_required, and has changed nothing then.
Result<> hold_caller(db::Tx& tx, Timestamp now, const Asker& asker, Recency recency);

/// The same for an administrator who acts on another account: holds the guard of administrators first, so
/// that two administrators who act on each other come one after the other. Refuses with forbidden, too.
Result<> hold_administrator(db::Tx& tx, Timestamp now, const Asker& asker, Recency recency);

/// One transaction of a signed-in caller: `work`, which answers a `Result`, once the caller is held. What
/// `work` refers to must live until the task is done; it may run more than once.
template <class Work>
Task<std::invoke_result_t<Work&, db::Tx&>> write_as(Services& services, Timestamp now, Asker asker,
                                                    Recency recency, Work work) {
  using Answer = std::invoke_result_t<Work&, db::Tx&>;
  auto held = [&](db::Tx& tx) -> Answer {
    if (auto caller = hold_caller(tx, now, asker, recency); caller.has_error()) return caller.error();
    return work(tx);
  };
  co_return co_await services.database.write(held);
}

/// The same for an administrator.
template <class Work>
Task<std::invoke_result_t<Work&, db::Tx&>> write_as_administrator(Services& services, Timestamp now,
                                                                  Asker asker, Recency recency, Work work) {
  using Answer = std::invoke_result_t<Work&, db::Tx&>;
  auto held = [&](db::Tx& tx) -> Answer {
    if (auto caller = hold_administrator(tx, now, asker, recency); caller.has_error()) return caller.error();
    return work(tx);
  };
  co_return co_await services.database.write(held);
}

}  // namespace latchkey::flow::sessions
