#include "flow/accounts/change_password.h"

#include "base/metrics.h"
#include "store/mail_codes.h"
#include "store/outbox.h"
#include "store/sessions.h"

namespace latchkey::flow::accounts {

Result<PasswordChanged> change_password_by_mail(db::Tx& tx, const Origin& origin,
                                                const store::users::Contact& account,
                                                const std::string& password_hash) {
  // First of all: the row is locked from here on, so no session can be opened under the old password.
  const auto changed = tx.run(store::users::update_password_by_mail, password_hash, origin.now, account.id,
                              account.security_version);
  if (!changed.has_value()) return Error(ErrorCode::invalid_link);
  const auto ended = tx.run(store::sessions::delete_sessions_of_user, account.id).rows;
  tx.run_later(store::mail_codes::delete_codes_of_user, account.id);
  const auto dropped = tx.run(store::outbox::delete_mail_of_user, account.id).rows;
  metrics::count(metrics::Counter::mail_dropped, static_cast<std::uint64_t>(dropped));
  store::audit::insert_entry(tx, audit_entry(origin, "password_reset", "ok", to_string(account.subject)));
  return PasswordChanged{.sessions_ended = ended};
}

}  // namespace latchkey::flow::accounts
