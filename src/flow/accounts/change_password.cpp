#include "flow/accounts/change_password.h"

#include <limits>

#include "base/field_errors.h"
#include "flow/accounts/unproved_ways_in.h"
#include "flow/accounts/validation.h"
#include "flow/sessions/end_sessions.h"
#include "flow/signin/devices.h"
#include "mail/queue.h"
#include "store/attempts.h"
#include "store/factors.h"
#include "store/mail_codes.h"

namespace latchkey::flow::accounts {

namespace {

/// Whether somebody keeps the password that the account must not have any longer.
Task<Result<bool>> is_former_password(Services& services, ClientNetwork client, std::string former,
                                      Secret password) {
  auto tried = read_tried_password(services.settings, std::move(password));
  if (former.empty() || !tried.has_value()) co_return false;
  auto checked = co_await services.hashing.verify(client, std::move(former), std::move(*tried));
  if (checked.has_error()) co_return checked.error();
  co_return checked->outcome == crypto::password::Verification::matches;
}

Error same_password() {
  FieldErrors problems;
  problems.add("password", "password_unchanged", "is the password that the account had; choose another one");
  return problems.take();
}

}  // namespace

Task<Result<std::string>> hash_new_password(Services& services, ClientNetwork client,
                                            store::users::Contact account, Secret password,
                                            std::string former) {
  Secret tried = password.copy();
  const auto is_former = co_await is_former_password(services, client, std::move(former), std::move(tried));
  if (is_former.has_error()) co_return is_former.error();
  if (*is_former) co_return same_password();
  auto checked = check_password(services.settings, password.text());
  if (checked.has_error()) co_return checked.error();
  auto words = likely_words(account.email, account.username);
  auto chosen = co_await services.hashing.hash_if_good(client, std::move(*checked), std::move(words),
                                                       demands(services.settings, services.breached));
  if (chosen.has_error()) co_return chosen.error();
  if (chosen->verdict != crypto::password::Verdict::good) co_return refused_password(chosen->verdict);
  co_return std::move(chosen->hash);
}

bool change_password_by_owner(db::Tx& tx, const Origin& origin, UserId account, std::int64_t version,
                              const std::string& password_hash, const DeviceId& device,
                              const KeptSessions& kept) {
  // First of all, as below.
  if (!tx.run(store::users::update_password, password_hash, origin.now, account, version).has_value())
    return false;
  constexpr auto everything = std::numeric_limits<std::int64_t>::max();
  if (!kept.all) sessions::end_some_of(tx, account, kept.one, everything, sessions::EndedBy::new_password);
  tx.run_later(store::mail_codes::delete_codes_of_user, account);
  mail::drop_links(tx, account);
  tx.run_later(store::attempts::open_to_devices_again, account);
  signin::remember_device(tx, account, device, origin.now);
  tx.run_later(store::factors::update_mark, account);
  return true;
}

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
  if (account.is_proved) {
    tx.run_later(store::attempts::open_to_devices_again, account.id);
  } else {
    drop_unproved_ways_in(tx, account.id);
  }
  signin::remember_device(tx, account.id, device, origin.now);
  tx.run_later(store::factors::update_mark, account.id);
  return PasswordChanged{.sessions_ended = ended};
}

}  // namespace latchkey::flow::accounts
