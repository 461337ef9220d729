#include "features/sessions/log_out.h"

#include "base/metrics.h"
#include "crypto/jose/refresh_token.h"
#include "flow/sessions/rules.h"
#include "store/sessions.h"

namespace latchkey::features::sessions {

Task<Result<>> log_out(flow::Services& services, flow::Origin origin, std::string refresh_token) {
  const auto& ring = services.keys.current()->ring();
  const auto token = crypto::jose::verify_refresh_token(refresh_token, ring.refresh_keys());
  if (!token.has_value()) co_return Error(ErrorCode::invalid_token);
  const auto line = co_await services.database.run(store::sessions::find_line, token->sid);
  if (!line.has_value() || !flow::sessions::is_alive(*line, origin.now))
    co_return Error(ErrorCode::invalid_token);
  origin.actor = to_string(line->subject);
  auto work = [&](db::Tx& tx) -> Result<> {
    // Of two at once, one ended it.
    if (!tx.run(store::sessions::delete_session, token->sid).has_value())
      return Error(ErrorCode::invalid_token);
    store::audit::insert_entry(tx, flow::audit_entry(origin, "logout", "ok", origin.actor));
    return {};
  };
  const auto result = co_await services.database.write(work);
  if (result.has_value()) metrics::count(metrics::Counter::session_ended_logout);
  co_return result;
}

}  // namespace latchkey::features::sessions
