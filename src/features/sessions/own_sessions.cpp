#include "features/sessions/own_sessions.h"

#include "base/metrics.h"

namespace latchkey::features::sessions {

using metrics::Counter;
namespace sessions = store::sessions;

Task<std::vector<sessions::Listed>> list_own_sessions(flow::Services& services, flow::Origin origin,
                                                      UserId user) {
  co_return co_await services.database.run(sessions::list_live, user, origin.now);
}

Task<Result<>> end_own_session(flow::Services& services, flow::Origin origin, UserId user,
                               SessionId session) {
  auto work = [&](db::Tx& tx) -> Result<> {
    if (!tx.run(sessions::delete_session_of_user, session, user).has_value())
      return Error(ErrorCode::session_not_found);
    store::audit::insert_entry(tx, flow::audit_entry(origin, "session_ended", "ok", origin.actor));
    return {};
  };
  const auto result = co_await services.database.write(work);
  if (result.has_value()) metrics::count(Counter::session_ended_logout);
  co_return result;
}

Task<std::int64_t> log_out_everywhere(flow::Services& services, flow::Origin origin, UserId user) {
  auto work = [&](db::Tx& tx) {
    const auto ended = tx.run(sessions::delete_sessions_of_user, user).rows;
    store::audit::insert_entry(tx, flow::audit_entry(origin, "logout_all", "ok", origin.actor));
    return ended;
  };
  const auto ended = co_await services.database.write(work);
  metrics::count(Counter::session_ended_logout, static_cast<std::uint64_t>(ended));
  co_return ended;
}

}  // namespace latchkey::features::sessions
