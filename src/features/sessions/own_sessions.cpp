#include "features/sessions/own_sessions.h"

#include "features/sessions/events.h"
#include "flow/sessions/end_sessions.h"

namespace latchkey::features::sessions {

namespace sessions = store::sessions;

Task<db::Page<sessions::Listed>> list_own_sessions(flow::Services& services, flow::Origin origin, UserId user,
                                                   sessions::ListPosition after, std::int64_t limit) {
  auto rows = co_await services.database.run(sessions::list_live_after, user, origin.now, after.created_at,
                                             after.id, db::one_more_than(limit));
  co_return db::cut_page(std::move(rows), limit);
}

Task<Result<>> end_own_session(flow::Services& services, flow::Origin origin, UserId user,
                               SessionId session) {
  auto work = [&](db::Tx& tx) -> Result<> {
    if (!flow::sessions::end_session_of(tx, user, session, flow::sessions::EndedBy::logout))
      return Error(ErrorCode::session_not_found);
    flow::record(tx, origin, events::session_ended, flow::ok, origin.actor);
    return {};
  };
  co_return co_await services.database.write(work);
}

Task<std::int64_t> log_out_everywhere(flow::Services& services, flow::Origin origin, UserId user) {
  auto work = [&](db::Tx& tx) {
    const auto ended = flow::sessions::end_sessions_of(tx, user, flow::sessions::EndedBy::logout);
    flow::record(tx, origin, events::logout_all, flow::ok, origin.actor);
    return ended;
  };
  co_return co_await services.database.write(work);
}

}  // namespace latchkey::features::sessions
