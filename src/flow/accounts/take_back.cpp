#include "flow/accounts/take_back.h"

#include "flow/events.h"
#include "flow/sessions/end_sessions.h"
#include "mail/queue.h"
#include "store/factors.h"
#include "store/mail_codes.h"
#include "store/passkeys.h"
#include "store/recovery_codes.h"
#include "store/totp.h"

namespace latchkey::flow::accounts {
namespace {

namespace users = store::users;

constexpr Event unconfirmed_evicted{.name = "unconfirmed_evicted"};

}  // namespace

void take_back(db::Tx& tx, const Origin& origin, UserId account, Timestamp since) {
  tx.run(store::factors::update_taken_back, origin.now, account);
  sessions::end_sessions_of(tx, account, sessions::EndedBy::owner);
  tx.run_later(store::totp::delete_totp_since, account, since);
  tx.run_later(store::passkeys::delete_passkeys_since, account, since);
  tx.run_later(store::recovery_codes::delete_codes_since, account, since);
  // Not the hold on a former address: its owner may still want it back.
  tx.run_later(store::scheduled::delete_begun_since, account, since,
               std::string(store::scheduled::email_undo));
  tx.run_later(store::mail_codes::delete_codes_of_user, account);
  mail::drop_links(tx, account);
  tx.run_later(store::factors::update_mark, account);
}

bool give_address_back(db::Tx& tx, const Origin& origin, const store::scheduled::Scheduled& row,
                       const EmailAddress& address) {
  const auto holder = tx.run(users::find_contact, address.key.value);
  if (holder.has_value() && holder->id != row.user_id && holder->is_proved) return false;
  if (!tx.run(store::scheduled::consume_open, row.id, row.user_id, row.detail, origin.now).has_value())
    return false;
  if (const auto evicted = tx.run(users::delete_unconfirmed_holder, address.key.value, row.user_id)) {
    mail::drop_links(tx, *evicted);
    record(tx, origin, unconfirmed_evicted, ok, holder.has_value() ? to_string(holder->subject) : "");
  }
  tx.run(users::update_email_back, address.address, address.key.value, row.user_id);
  return true;
}

}  // namespace latchkey::flow::accounts
