#include "flow/accounts/change_password.h"

#include "flow/sessions/end_sessions.h"
#include "flow/signin/devices.h"
#include "mail/queue.h"
#include "store/attempts.h"
#include "store/factors.h"
#include "store/mail_codes.h"
#include "store/passkeys.h"
#include "store/recovery_codes.h"
#include "store/totp.h"

namespace latchkey::flow::accounts {

Result<PasswordChanged> change_password_by_mail(db::Tx& tx, const Origin& origin,
                                                const store::users::Contact& account,
                                                const std::string& password_hash, const DeviceId& device) {
  // First of all: the row is locked from here on, so no session can be opened under the old password.
  const auto changed = tx.run(store::users::update_password_by_mail, password_hash, origin.now, account.id,
                              account.security_version);
  if (!changed.has_value()) return Error(ErrorCode::invalid_link);
  const auto ended = sessions::end_sessions_of(tx, account.id, sessions::EndedBy::new_password);
  tx.run_later(store::mail_codes::delete_codes_of_user, account.id);
  mail::drop_links(tx, account.id);
  if (account.confirmed) {
    tx.run_later(store::attempts::open_to_devices_again, account.id);
  } else {
    tx.run_later(store::devices::delete_devices_of, account.id);
    tx.run_later(store::totp::delete_totp_of_user, account.id);
    tx.run_later(store::passkeys::delete_passkeys_of_user, account.id);
    tx.run_later(store::recovery_codes::delete_codes_of_user, account.id);
  }
  signin::remember_device(tx, account.id, device, origin.now);
  tx.run_later(store::factors::update_mark, account.id);
  return PasswordChanged{.sessions_ended = ended};
}

}  // namespace latchkey::flow::accounts
