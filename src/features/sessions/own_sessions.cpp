#include "features/sessions/own_sessions.h"

#include <algorithm>
#include <iterator>

#include "db/page.h"
#include "features/sessions/events.h"
#include "flow/sessions/end_sessions.h"
#include "flow/sessions/hold_caller.h"

namespace latchkey::features::sessions {

namespace sessions = store::sessions;

namespace {

using flow::sessions::Recency;
using flow::sessions::write_as;

flow::sessions::Asker asker_of(const Own& own) { return {.user = own.user, .session = own.current}; }

/// All writes wait for a removal.
constexpr std::int64_t most_ended_at_once = 500;

}  // namespace

Task<SessionsPage> list_own_sessions(flow::Services& services, flow::Origin origin, Own own,
                                     std::optional<sessions::ListPosition> after, std::int64_t limit) {
  auto work = [&](db::Tx& tx) {
    SessionsPage page;
    if (!after.has_value()) {
      if (auto current = tx.run(sessions::find_listed, own.current, own.user))
        page.rows.push_back(std::move(*current));
    }
    auto position = after.value_or(sessions::before_all);
    const auto room = limit - static_cast<std::int64_t>(page.rows.size());
    auto others = db::cut_page(tx.run(sessions::list_live_after, own.user, own.current, origin.now,
                                      position.created_at, position.id, db::one_more_than(room)),
                               room);
    if (!others.rows.empty())
      position = {.created_at = others.rows.back().created_at, .id = others.rows.back().id};
    if (others.has_more) page.next = position;
    std::ranges::move(others.rows, std::back_inserter(page.rows));
    return page;
  };
  co_return co_await services.database.read(work);
}

Task<Result<>> end_own_session(flow::Services& services, flow::Origin origin, Own own, SessionId session) {
  auto work = [&](db::Tx& tx) -> Result<> {
    if (!flow::sessions::end_session_of(tx, own.user, session, flow::sessions::EndedBy::logout))
      return Error(ErrorCode::session_not_found);
    flow::record(tx, origin, events::session_ended, flow::ok, origin.actor);
    return {};
  };
  co_return co_await write_as(services, origin.now, asker_of(own), Recency::any, work);
}

Task<Result<std::int64_t>> end_other_sessions(flow::Services& services, flow::Origin origin, Own own) {
  auto work = [&](db::Tx& tx) -> Result<std::int64_t> {
    const auto ended = flow::sessions::end_some_of(tx, own.user, own.current, most_ended_at_once,
                                                   flow::sessions::EndedBy::logout);
    if (ended < most_ended_at_once)
      flow::record(tx, origin, events::logout_all, flow::ok, origin.actor, "but this one");
    return ended;
  };
  std::int64_t ended = 0;
  for (;;) {
    const auto piece = co_await write_as(services, origin.now, asker_of(own), Recency::any, work);
    if (piece.has_error()) co_return piece.error();
    ended += *piece;
    if (*piece < most_ended_at_once) co_return ended;
  }
}

Task<Result<std::int64_t>> log_out_everywhere(flow::Services& services, flow::Origin origin, Own own) {
  struct Piece {
    std::int64_t ended;
    bool is_last;
  };
  auto work = [&](db::Tx& tx) -> Result<Piece> {
    const auto others = flow::sessions::end_some_of(tx, own.user, own.current, most_ended_at_once,
                                                    flow::sessions::EndedBy::logout);
    if (others == most_ended_at_once) return Piece{.ended = others, .is_last = false};
    const auto rest = flow::sessions::end_sessions_of(tx, own.user, flow::sessions::EndedBy::logout);
    flow::record(tx, origin, events::logout_all, flow::ok, origin.actor);
    return Piece{.ended = others + rest, .is_last = true};
  };
  std::int64_t ended = 0;
  for (;;) {
    const auto piece = co_await write_as(services, origin.now, asker_of(own), Recency::any, work);
    if (piece.has_error()) co_return piece.error();
    ended += piece->ended;
    if (piece->is_last) co_return ended;
  }
}

}  // namespace latchkey::features::sessions
