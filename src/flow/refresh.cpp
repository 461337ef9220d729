#include "flow/refresh.h"

#include "base/log.h"
#include "base/metrics.h"
#include "crypto/refresh_token.h"
#include "flow/session_rules.h"
#include "store/sessions.h"

namespace latchkey::flow {
namespace {

using metrics::Counter;
namespace sessions = store::sessions;

SessionState state_of(const SessionId& id, const sessions::Line& line) {
  return {.id = id,
          .subject = line.subject,
          .role = line.role,
          .generation = line.generation,
          .rotated_at = line.rotated_at,
          .idle_expires_at = line.idle_expires_at,
          .expires_at = line.expires_at};
}

/// Two hold this session, and one of them is not its owner: it ends for both.
Task<> end_reused(Services& services, Origin origin, SessionId session, Subject subject) {
  auto work = [&](db::Tx& tx) {
    const bool ended = tx.run(sessions::delete_session, session).has_value();
    if (ended)
      store::audit::insert_entry(tx,
                                 audit_entry(origin, "refresh_reuse", "session_ended", to_string(subject)));
    return ended;
  };
  const bool ended = co_await services.database.write(work);
  if (!ended) co_return;
  metrics::count(Counter::refresh_reused);
  metrics::count(Counter::session_ended_reuse);
  log::warn("session.reuse", {{"request_id", origin.request_id}, {"sub", to_string(subject)}});
}

}  // namespace

Task<Result<TokenPair>> refresh(Services& services, Origin origin, std::string refresh_token) {
  const auto& ring = services.keys.current()->ring();
  const auto token = crypto::verify_refresh_token(refresh_token, ring.refresh_keys());
  if (!token.has_value()) {
    metrics::count(Counter::refresh_refused);
    co_return Error(ErrorCode::invalid_token);
  }
  // Whoever loses the race for a rotation looks again, and then finds itself one late.
  for (int attempt = 0; attempt < 4; ++attempt) {
    auto line = co_await services.database.run(sessions::find_line, token->sid);
    switch (decide_refresh(line, *token, origin.now, services.settings.tokens.refresh_grace)) {
      case RefreshVerdict::dead:
        metrics::count(Counter::refresh_refused);
        co_return Error(ErrorCode::invalid_token);
      case RefreshVerdict::end:
        co_await end_reused(services, origin, token->sid, line->subject);
        co_return Error(ErrorCode::invalid_token);
      case RefreshVerdict::repeat:
        metrics::count(Counter::refresh_repeated);
        co_return make_token_pair(services, state_of(token->sid, *line), origin.now);
      case RefreshVerdict::rotate:
        break;
    }
    const Timestamp idle_expires_at = idle_limit(services.settings, origin.now, line->expires_at);
    const auto generation = co_await services.database.run(sessions::advance, origin.now, idle_expires_at,
                                                           token->sid, line->generation);
    if (!generation.has_value()) continue;
    metrics::count(Counter::refresh_rotated);
    line->generation = *generation;
    line->rotated_at = origin.now;
    line->idle_expires_at = idle_expires_at;
    co_return make_token_pair(services, state_of(token->sid, *line), origin.now);
  }
  throw Unavailable("a session changed under four attempts to advance it");
}

}  // namespace latchkey::flow
