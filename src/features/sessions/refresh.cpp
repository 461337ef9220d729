#include "features/sessions/refresh.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "crypto/jose/refresh_token.h"
#include "features/sessions/events.h"
#include "flow/sessions/end_sessions.h"
#include "flow/sessions/rules.h"
#include "store/sessions.h"

namespace latchkey::features::sessions {
namespace {

namespace sessions = store::sessions;

/// Of a refresh state as it was found, or as it is after it moved on.
flow::sessions::SessionState state_of(const SessionId& id, const auto& refresh_state, Timestamp rotated_at) {
  return {.id = id,
          .subject = refresh_state.subject,
          .role = refresh_state.role,
          .generation = refresh_state.generation,
          .rotated_at = rotated_at,
          .idle_expires_at = refresh_state.idle_expires_at,
          .expires_at = refresh_state.expires_at};
}

constexpr Microseconds moment = std::chrono::seconds(1);

bool is_limited(const Settings& settings) {
  return settings.limits.enabled && !settings.limits.session_refresh.is_off();
}

/// The moves of a session that come within a moment of the one before (finding F37), counted by this node.
TokenBuckets::Name quick_moves_of(const SessionId& session) {
  TokenBuckets::Name name{.purpose = TokenBuckets::purpose_of("session refresh"), .owner = 0};
  std::memcpy(&name.owner, session.bytes.data(), sizeof name.owner);
  return name;
}

/// Of many requests with one token only the one that moves the session on is counted.
void count_quick(flow::Services& services, const SessionId& session, Timestamp now) {
  services.buckets.take(quick_moves_of(session), services.settings.limits.session_refresh, now);
}

std::optional<Error> refuse_quick(flow::Services& services, const SessionId& session, Timestamp now) {
  const auto wait =
      services.buckets.wait_for(quick_moves_of(session), services.settings.limits.session_refresh, now);
  if (!wait.has_value()) return std::nullopt;
  events::limited.add();
  return Error(ErrorCode::too_many_requests, std::max(Seconds{1}, std::chrono::ceil<Seconds>(*wait)));
}

/// Two hold this session, and one of them is not its owner: it ends for both.
Task<> end_reused(flow::Services& services, flow::Origin origin, SessionId session, Subject subject) {
  auto work = [&](db::Tx& tx) {
    // Of many at once, one ends it.
    if (flow::sessions::end_session(tx, session, flow::sessions::EndedBy::reuse))
      flow::record(tx, origin, events::refresh_reuse, events::ended, to_string(subject));
  };
  co_await services.database.write(work);  // no caller: by refresh token
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
  // ended, the refresh state says what to do; who looked while somebody else moved it tries again.
  const Timestamp issued_from{Seconds{token->iat}};
  const Timestamp issued_before = issued_from + Seconds{1};
  const Timestamp idle_expires_at = origin.now + services.settings.tokens.refresh_idle_ttl;
  // A token that is a moment old may be one of a loop: its session is looked at first, so that what is
  // refused writes nothing. That costs other refreshes nothing.
  bool look_first = is_limited(services.settings) && issued_before > origin.now - moment;
  bool counts = false;
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (!std::exchange(look_first, false)) {
      const auto advanced =
          co_await services.database.run(sessions::advance, origin.now, idle_expires_at, token->sid,
                                         token->generation, issued_from, issued_before);
      if (advanced.has_value()) {
        if (counts) count_quick(services, token->sid, origin.now);
        events::rotated.add();
        co_return flow::sessions::make_token_pair(services, state_of(token->sid, *advanced, origin.now),
                                                  origin.now);
      }
    }
    const auto refresh_state = co_await services.database.run(sessions::find_refresh_state, token->sid);
    switch (flow::sessions::decide_refresh(refresh_state, *token, origin.now,
                                           services.settings.tokens.refresh_grace)) {
      case flow::sessions::RefreshVerdict::dead:
        events::refused.add();
        co_return Error(ErrorCode::invalid_token);
      case flow::sessions::RefreshVerdict::end:
        co_await end_reused(services, origin, token->sid, refresh_state->subject);
        co_return Error(ErrorCode::invalid_token);
      case flow::sessions::RefreshVerdict::repeat:
        events::repeated.add();
        co_return flow::sessions::make_token_pair(
            services, state_of(token->sid, *refresh_state, refresh_state->rotated_at), origin.now);
      case flow::sessions::RefreshVerdict::rotate:
        counts = is_limited(services.settings) && origin.now - refresh_state->rotated_at < moment;
        if (!counts) break;
        if (auto refusal = refuse_quick(services, token->sid, origin.now)) co_return std::move(*refusal);
        break;
    }
  }
  throw Unavailable("a session changed under five attempts to advance it");
}

}  // namespace latchkey::features::sessions
