#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"
#include "db/tx.h"

/// Who did what, when, from where, with which result. Accounts are named by their subject, never by address,
/// so that erasing an account leaves nothing personal here but the network address.
namespace latchkey::store::audit {

struct Entry {
  Timestamp at;
  std::string event;   ///< such as "sign_in"
  std::string result;  ///< "ok", or the code of the refusal
  std::string actor;   ///< a subject, "operator" for the command line, "system", or empty for a stranger
  std::string target;  ///< a subject, a session, a key
  std::string address;
  std::string request_id;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (at, event, result, actor, target, address, request_id, detail))

/// An entry as the account that it is about is told.
struct Told {
  std::int64_t id = 0;
  Timestamp at;
  std::string event;
  std::string result;
  std::string actor;
  std::string address;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(Told, (), (id, at, event, result, actor, address, detail))
/// The entries about a subject, the newest first, from before an id on. (What `forget_addresses` says of the
/// index is true of this one, too.)
inline constexpr db::Statement<std::vector<Told>, std::string, std::int64_t, std::int64_t> list_told{
    "SELECT id, at, event, result, actor, address, detail FROM audit WHERE target = $1 AND target <> '' AND "
    "id < $2 ORDER BY id DESC LIMIT $3"};

void insert_entry(db::Tx& tx, const Entry& entry);

/// Inside the same transaction: takes it out again. So a refusal that must not show that there is no account
/// costs what one with an account does, and leaves nothing.
void remove_entry(db::Tx& tx, const Entry& entry);

/// The entry, if there is an account with that subject: for the unit that makes the account. Borrows from
/// both.
using InsertEntryOfSubject = db::Statement<db::Affected, Timestamp, std::string, std::string, std::string,
                                           std::string, std::string, std::string, std::string, Subject>;
InsertEntryOfSubject::Bound insert_entry_of(const Subject& account, const Entry& entry);

/// Takes from entries about a subject what may be personal, a batch at a time. The predicate of the index
/// `audit_target` stands in the statement: neither database uses that index otherwise.
inline constexpr db::Statement<db::Affected, std::string, std::int64_t> forget_addresses{
    "UPDATE audit SET address = '', detail = '' WHERE id IN (SELECT id FROM audit WHERE target = $1 AND "
    "target "
    "<> '' AND (address <> '' OR detail <> '') ORDER BY id LIMIT $2)"};

/// Removes the oldest entries made up to a moment, a batch at a time.
inline constexpr db::Statement<db::Affected, Timestamp, std::int64_t> delete_before{
    "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at <= $1 ORDER BY at LIMIT $2)"};

}  // namespace latchkey::store::audit
