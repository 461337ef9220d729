#include "flow/sessions/open_session.h"

#include <algorithm>

#include "crypto/random.h"
#include "flow/events.h"
#include "flow/sessions/counters.h"
#include "store/sessions.h"

namespace latchkey::flow::sessions {

SessionState open_session(db::Tx& tx, const Settings& settings, const Origin& origin, UserId user,
                          const Subject& subject, Role role) {
  const Timestamp expires_at = origin.now + settings.tokens.refresh_absolute_ttl;
  const SessionState state{
      .id = crypto::new_session_id(),
      .subject = subject,
      .role = role,
      .generation = 0,
      .rotated_at = origin.now,
      .idle_expires_at = std::min(origin.now + settings.tokens.refresh_idle_ttl, expires_at),
      .expires_at = expires_at};
  store::sessions::insert_session(tx, {.id = state.id,
                                       .user_id = user,
                                       .now = origin.now,
                                       .idle_expires_at = state.idle_expires_at,
                                       .expires_at = expires_at,
                                       .address = origin.address,
                                       .user_agent = origin.user_agent});
  count_on_commit(tx, counters::opened);
  return state;
}

}  // namespace latchkey::flow::sessions
