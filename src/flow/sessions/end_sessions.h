#pragma once

#include <cstdint>

#include "base/id.h"
#include "db/tx.h"

/// Ends sessions for good, inside the transaction that decided to. Once that has committed they are counted
/// by the reason.
namespace latchkey::flow::sessions {

enum class EndedBy : std::uint8_t {
  logout,         ///< their user
  reuse,          ///< a refresh token that was rotated away
  administrator,  ///< a block, a change of role, a removal
  new_password,   ///< the owner changed it, or had forgotten the old one
  new_address,    ///< the owner changed the address
  owner,          ///< took the account back: "this was not me"
};

/// False when the session had ended before.
bool end_session(db::Tx& tx, const SessionId& session, EndedBy why);
/// False, too, for a session of another user.
bool end_session_of(db::Tx& tx, UserId user, const SessionId& session, EndedBy why);
/// Up to so many of the user's sessions, but not `kept`; answers how many.
std::int64_t end_some_of(db::Tx& tx, UserId user, const SessionId& kept, std::int64_t most, EndedBy why);
/// Answers how many there were.
std::int64_t end_sessions_of(db::Tx& tx, UserId user, EndedBy why);

}  // namespace latchkey::flow::sessions
