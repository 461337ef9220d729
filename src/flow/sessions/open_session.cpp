#include "flow/sessions/open_session.h"

#include <algorithm>

#include "crypto/random.h"
#include "flow/events.h"
#include "flow/sessions/counters.h"
#include "store/sessions.h"

namespace latchkey::flow::sessions {
namespace {

constexpr Event sessions_limited{.name = "sessions_limited"};

/// An account that had no limit before may have very many: all writes wait for the removal.
constexpr std::int64_t most_ended_at_once = 500;

}  // namespace

void make_room(db::Tx& tx, const Settings& settings, const Origin& origin, UserId user,
               const Subject& subject, std::int64_t open) {
  if (!settings.limits.enabled || open < settings.limits.sessions) return;
  const std::int64_t kept = settings.limits.sessions - 1;
  const auto ended = tx.run(store::sessions::delete_surplus, user, origin.now, most_ended_at_once, kept).rows;
  if (ended == 0) return;
  count_on_commit(tx, counters::ended_limit, ended);
  record(tx, origin, sessions_limited, ok, to_string(subject), "count " + std::to_string(ended));
}

SessionState open_session(db::Tx& tx, const Settings& settings, const Origin& origin, UserId user,
                          const Subject& subject, Role role, std::int64_t methods) {
  const Timestamp expires_at = origin.now + settings.tokens.refresh_absolute_ttl;
  const SessionState state{
      .id = crypto::new_session_id(),
      .subject = subject,
      .role = role,
      .generation = 0,
      .rotated_at = origin.now,
      .idle_expires_at = std::min(origin.now + settings.tokens.refresh_idle_ttl, expires_at),
      .expires_at = expires_at,
      .is_browser = origin.browser != LinkId{}};
  store::sessions::insert_session(tx, {.id = state.id,
                                       .user_id = user,
                                       .now = origin.now,
                                       .idle_expires_at = state.idle_expires_at,
                                       .expires_at = expires_at,
                                       .address = origin.address,
                                       .user_agent = origin.user_agent,
                                       .methods = methods,
                                       .is_browser = state.is_browser});
  count_on_commit(tx, counters::opened);
  return state;
}

}  // namespace latchkey::flow::sessions
