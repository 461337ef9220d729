#include "features/sessions/refresh.h"

#include "base/log.h"
#include "base/metrics.h"
#include "crypto/jose/refresh_token.h"
#include "flow/sessions/rules.h"
#include "store/sessions.h"

namespace latchkey::features::sessions {
namespace {

using metrics::Counter;
namespace sessions = store::sessions;

/// Of a line as it was found, or as it is after it moved on.
flow::sessions::SessionState state_of(const SessionId& id, const auto& line, Timestamp rotated_at) {
  return {.id = id,
          .subject = line.subject,
          .role = line.role,
          .generation = line.generation,
          .rotated_at = rotated_at,
          .idle_expires_at = line.idle_expires_at,
          .expires_at = line.expires_at};
}

/// Two hold this session, and one of them is not its owner: it ends for both.
Task<> end_reused(flow::Services& services, flow::Origin origin, SessionId session, Subject subject) {
  auto work = [&](db::Tx& tx) {
    const bool ended = tx.run(sessions::delete_session, session).has_value();
    if (ended)
      store::audit::insert_entry(
          tx, flow::audit_entry(origin, "refresh_reuse", "session_ended", to_string(subject)));
    return ended;
  };
  const bool ended = co_await services.database.write(work);
  if (!ended) co_return;
  metrics::count(Counter::refresh_reused);
  metrics::count(Counter::session_ended_reuse);
  log::warn("session.reuse", {{"request_id", origin.request_id}, {"sub", to_string(subject)}});
}

}  // namespace

Task<Result<flow::sessions::TokenPair>> refresh(flow::Services& services, flow::Origin origin,
                                                std::string refresh_token) {
  const auto& ring = services.keys.current()->ring();
  const auto token = crypto::jose::verify_refresh_token(refresh_token, ring.refresh_keys());
  if (!token.has_value()) {
    metrics::count(Counter::refresh_refused);
    co_return Error(ErrorCode::invalid_token);
  }
  // The usual case first, in one statement: the token is the current one. Where it is not, or the session has
  // ended, the line says what to do; who looked while somebody else moved it tries again.
  const Timestamp issued_from{Seconds{token->iat}};
  const Timestamp issued_before = issued_from + Seconds{1};
  const Timestamp idle_expires_at = origin.now + services.settings.tokens.refresh_idle_ttl;
  for (int attempt = 0; attempt < 4; ++attempt) {
    const auto advanced =
        co_await services.database.run(sessions::advance, origin.now, idle_expires_at, token->sid,
                                       token->generation, issued_from, issued_before);
    if (advanced.has_value()) {
      metrics::count(Counter::refresh_rotated);
      co_return flow::sessions::make_token_pair(services, state_of(token->sid, *advanced, origin.now),
                                                origin.now);
    }
    const auto line = co_await services.database.run(sessions::find_line, token->sid);
    switch (
        flow::sessions::decide_refresh(line, *token, origin.now, services.settings.tokens.refresh_grace)) {
      case flow::sessions::RefreshVerdict::dead:
        metrics::count(Counter::refresh_refused);
        co_return Error(ErrorCode::invalid_token);
      case flow::sessions::RefreshVerdict::end:
        co_await end_reused(services, origin, token->sid, line->subject);
        co_return Error(ErrorCode::invalid_token);
      case flow::sessions::RefreshVerdict::repeat:
        metrics::count(Counter::refresh_repeated);
        co_return flow::sessions::make_token_pair(services, state_of(token->sid, *line, line->rotated_at),
                                                  origin.now);
      case flow::sessions::RefreshVerdict::rotate:
        break;
    }
  }
  throw Unavailable("a session changed under four attempts to advance it");
}

}  // namespace latchkey::features::sessions
