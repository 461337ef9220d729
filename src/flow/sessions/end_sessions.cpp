#include "flow/sessions/end_sessions.h"

#include "flow/events.h"
#include "flow/sessions/counters.h"
#include "store/sessions.h"

namespace latchkey::flow::sessions {
namespace {

metrics::Counter& counter_of(EndedBy why) {
  switch (why) {
    case EndedBy::logout:
      return counters::ended_logout;
    case EndedBy::reuse:
      return counters::ended_reuse;
    case EndedBy::new_password:
      return counters::ended_password;
    case EndedBy::new_address:
      return counters::ended_address;
    case EndedBy::owner:
      return counters::ended_owner;
    case EndedBy::administrator:
      break;
  }
  return counters::ended_admin;
}

}  // namespace

bool end_session(db::Tx& tx, const SessionId& session, EndedBy why) {
  const bool ended = tx.run(store::sessions::delete_session, session).has_value();
  if (ended) count_on_commit(tx, counter_of(why));
  return ended;
}

bool end_session_of(db::Tx& tx, UserId user, const SessionId& session, EndedBy why) {
  const bool ended = tx.run(store::sessions::delete_session_of_user, session, user).has_value();
  if (ended) count_on_commit(tx, counter_of(why));
  return ended;
}

std::int64_t end_some_of(db::Tx& tx, UserId user, const SessionId& kept, std::int64_t most, EndedBy why) {
  const auto ended = tx.run(store::sessions::delete_others_of_user, user, kept, most).rows;
  if (ended > 0) count_on_commit(tx, counter_of(why), ended);
  return ended;
}

std::int64_t end_sessions_of(db::Tx& tx, UserId user, EndedBy why) {
  const auto ended = tx.run(store::sessions::delete_sessions_of_user, user).rows;
  if (ended > 0) count_on_commit(tx, counter_of(why), ended);
  return ended;
}

}  // namespace latchkey::flow::sessions
