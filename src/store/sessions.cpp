#include "store/sessions.h"

namespace latchkey::store::sessions {
namespace {

constexpr db::Statement<db::Affected, SessionId, UserId, Timestamp, Timestamp, Timestamp, std::string,
                        std::string, std::int64_t, bool>
    insert{
        "INSERT INTO sessions (id, user_id, generation, rotated_at, idle_expires_at, expires_at, created_at, "
        "address, user_agent, authenticated_at, methods, is_browser) VALUES ($1, $2, 0, $3, $4, $5, $3, $6, "
        "$7, $3, $8, $9)"};

}  // namespace

void insert_session(db::Tx& tx, const NewSession& session) {
  tx.run_later(insert, session.id, session.user_id, session.now, session.idle_expires_at, session.expires_at,
               session.address, session.user_agent, session.methods, session.is_browser);
}

}  // namespace latchkey::store::sessions
