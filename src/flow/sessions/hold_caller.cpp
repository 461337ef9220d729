#include "flow/sessions/hold_caller.h"

#include "flow/signin/recent_proof.h"
#include "store/factors.h"
#include "store/sessions.h"
#include "store/state.h"

namespace latchkey::flow::sessions {
namespace {

Result<store::sessions::Held> hold(db::Tx& tx, Timestamp now, const Asker& asker, Recency recency) {
  // The account's row first: whoever ends its sessions has ended this one by then, or waits.
  if (!tx.run(store::factors::lock_account, asker.user).has_value()) return Error(ErrorCode::invalid_token);
  const auto held = tx.run(store::sessions::hold_session, asker.session, asker.user, now);
  if (!held.has_value()) return Error(ErrorCode::invalid_token);
  const store::sessions::Proved proved{
      .authenticated_at = held->authenticated_at, .methods = held->methods, .has_factor = held->has_factor};
  if (recency == Recency::recent && !signin::is_recent(proved, now))
    return Error(ErrorCode::recent_sign_in_required);
  return *held;
}

}  // namespace

Result<> hold_caller(db::Tx& tx, Timestamp now, const Asker& asker, Recency recency) {
  const auto held = hold(tx, now, asker, recency);
  if (held.has_error()) return held.error();
  return {};
}

Result<> hold_administrator(db::Tx& tx, Timestamp now, const Asker& asker, Recency recency) {
  tx.run(store::state::update_administrators_guard);
  const auto held = hold(tx, now, asker, recency);
  if (held.has_error()) return held.error();
  if (held->role != Role::admin) return Error(ErrorCode::forbidden);
  return {};
}

}  // namespace latchkey::flow::sessions
