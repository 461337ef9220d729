#include "flow/signin/finish.h"

#include "flow/sessions/open_session.h"
#include "flow/signin/events.h"
#include "flow/signin/next_step.h"
#include "store/attempts.h"
#include "store/factors.h"

namespace latchkey::flow::signin {

Result<sessions::SessionState> finish_sign_in(db::Tx& tx, const Settings& settings, const Origin& origin,
                                              const Attempt& attempt,
                                              const std::optional<std::string>& new_hash) {
  namespace attempts = store::attempts;
  const auto& account = *attempt.account;
  const auto& right_password = attempt.device.known.has_value() ? attempts::keep : attempts::forget;
  const auto unchanged =
      tx.run(right_password, origin.now, account.id, account.password_hash, account.security_version);
  if (!unchanged.has_value()) {
    const auto now = tx.run(store::users::find_user, origin.now, account.id);
    const bool blocked = now.has_value() && !now->is_active;
    return Error(blocked ? ErrorCode::account_blocked : ErrorCode::invalid_credentials);
  }
  if (new_hash.has_value())
    tx.run_later(attempts::update_password_hash,
                 store::factors::marked_like(account.password_hash, *new_hash), account.id,
                 account.password_hash);
  sessions::make_room(tx, settings, origin, account.id, account.subject, unchanged->sessions);
  welcome_device(tx, account.id, attempt.device, attempt.number, origin.now);
  record(tx, origin, events::sign_in, ok, to_string(account.subject), device_word(attempt));
  return sessions::open_session(tx, settings, origin, account.id, account.subject, account.role,
                                Done().with(Proof::password).bits());
}

}  // namespace latchkey::flow::signin
