#include "features/sessions/refresh.h"

#include "crypto/jose/refresh_token.h"
#include "features/sessions/events.h"
#include "flow/sessions/end_sessions.h"
#include "flow/sessions/rules.h"
#include "store/sessions.h"

namespace latchkey::features::sessions {
namespace {

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
    // Of many at once, one ends it.
    if (flow::sessions::end_session(tx, session, flow::sessions::EndedBy::reuse))
      flow::record(tx, origin, events::refresh_reuse, events::ended, to_string(subject));
  };
  co_await services.database.write(work);
}

}  // namespace

Task<Result<flow::sessions::TokenPair>> refresh(flow::Services& services, flow::Origin origin,
                                                std::string refresh_token) {
  const auto& ring = services.keys.current()->ring();
  const auto token =
      crypto::jose::verify_refresh_token(refresh_token, ring.keys(crypto::KeyUse::refresh_token));
  if (!token.has_value()) {
    events::refused.add();
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
      events::rotated.add();
      co_return flow::sessions::make_token_pair(services, state_of(token->sid, *advanced, origin.now),
                                                origin.now);
    }
    const auto line = co_await services.database.run(sessions::find_line, token->sid);
    switch (
        flow::sessions::decide_refresh(line, *token, origin.now, services.settings.tokens.refresh_grace)) {
      case flow::sessions::RefreshVerdict::dead:
        events::refused.add();
        co_return Error(ErrorCode::invalid_token);
      case flow::sessions::RefreshVerdict::end:
        co_await end_reused(services, origin, token->sid, line->subject);
        co_return Error(ErrorCode::invalid_token);
      case flow::sessions::RefreshVerdict::repeat:
        events::repeated.add();
        co_return flow::sessions::make_token_pair(services, state_of(token->sid, *line, line->rotated_at),
                                                  origin.now);
      case flow::sessions::RefreshVerdict::rotate:
        break;
    }
  }
  throw Unavailable("a session changed under four attempts to advance it");
}

}  // namespace latchkey::features::sessions
