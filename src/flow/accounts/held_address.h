#pragma once

#include <optional>
#include <string_view>

#include "base/email_address.h"
#include "base/id.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"

/// For seven days after a change of address the owner of the old one may take it back
/// (features/email_change): until then nobody else can have it.
namespace latchkey::flow::accounts {

inline constexpr Microseconds undo_ttl = std::chrono::days(7);

/// The id of the row of `scheduled` that holds an address. It follows from the address, so one account at
/// most can hold it, and looking for it is a point read.
LinkId id_of_held(std::string_view email_key);

/// Whose account holds an address that it no longer has; nothing where the address is not held.
std::optional<Subject> find_holder(db::Tx& tx, std::string_view email_key, Timestamp now);
Task<std::optional<Subject>> find_holder(Services& services, std::string email_key, Timestamp now);

/// When the time for an undo by the former owner of the account's address ends; nothing where there is none.
std::optional<Timestamp> find_undo_end(db::Tx& tx, UserId account, Timestamp now);

/// What stands in `detail` of that row: the mail with the undo, which alone can use it, and the address.
struct Held {
  LinkId mail;
  std::string address;
  bool was_proved = true;  ///< whether anybody had shown to read it before the change
};
std::string write_held(const Held& held);
std::optional<Held> read_held(std::string_view detail);

}  // namespace latchkey::flow::accounts
