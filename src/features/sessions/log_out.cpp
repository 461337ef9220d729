#include "features/sessions/log_out.h"

#include "crypto/jose/refresh_token.h"
#include "features/sessions/events.h"
#include "flow/sessions/end_sessions.h"
#include "flow/sessions/rules.h"
#include "store/sessions.h"

namespace latchkey::features::sessions {

Task<Result<>> log_out(flow::Services& services, flow::Origin origin, std::string refresh_token) {
  const auto& ring = services.keys.current()->ring();
  const auto token =
      crypto::jose::verify_refresh_token(refresh_token, ring.keys(crypto::KeyUse::refresh_token));
  if (!token.has_value()) co_return Error(ErrorCode::invalid_token);
  const auto refresh_state = co_await services.database.run(store::sessions::find_refresh_state, token->sid);
  if (!refresh_state.has_value() || !flow::sessions::is_alive(*refresh_state, origin.now))
    co_return Error(ErrorCode::invalid_token);
  origin.actor = to_string(refresh_state->subject);
  auto work = [&](db::Tx& tx) -> Result<> {
    // Of two at once, one ended it.
    if (!flow::sessions::end_session(tx, token->sid, flow::sessions::EndedBy::logout))
      return Error(ErrorCode::invalid_token);
    flow::record(tx, origin, events::logout, flow::ok, origin.actor);
    return {};
  };
  co_return co_await services.database.write(work);  // no caller: by refresh token
}

Task<> log_out_browser(flow::Services& services, flow::Origin origin, SessionId session) {
  auto work = [&](db::Tx& tx) {
    if (flow::sessions::end_session(tx, session, flow::sessions::EndedBy::logout))
      flow::record(tx, origin, events::logout, flow::ok, origin.actor);
  };
  co_await services.database.write(work);  // no caller: only its own session ends
}

}  // namespace latchkey::features::sessions
