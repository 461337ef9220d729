#include "features/email_change/confirm.h"

#include <limits>

#include "db/error.h"
#include "features/email_change/events.h"
#include "features/email_change/links.h"
#include "flow/accounts/held_address.h"
#include "flow/accounts/notice.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/events.h"
#include "flow/sessions/end_sessions.h"
#include "mail/queue.h"
#include "store/attempts.h"
#include "store/mail_codes.h"
#include "store/scheduled.h"
#include "store/users.h"

namespace latchkey::features::email_change {
namespace {

namespace jose = crypto::jose;
namespace users = store::users;
namespace scheduled = store::scheduled;
using flow::links::Proof;

Result<Proved> with_address(const Settings& settings, Proof proof) {
  auto wanted = read_wanted(proof.detail);
  if (!wanted.has_value()) return Error(ErrorCode::invalid_link);
  auto address = parse_email_address(wanted->address, settings.accounts.domains_without_dot);
  if (!address.has_value()) return Error(ErrorCode::invalid_link);
  return Proved{.proof = std::move(proof), .address = std::move(*address), .wanted = std::move(*wanted)};
}

/// The old address is held for its owner, who gets the undo.
void hold_old_address(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                      const Proved& proved, const std::string& language) {
  const users::Contact& old = proved.proof.account;
  const LinkId undo = flow::accounts::queue_notice(tx, services, origin, old, changed_message,
                                                   {{"new_email", proved.address.address}}, language);
  tx.run(scheduled::insert_scheduled, flow::accounts::id_of_held(old.email_key), old.id,
         std::string(scheduled::email_undo),
         flow::accounts::write_held({.mail = undo, .address = old.email, .was_proved = old.is_proved}),
         origin.now, origin.now + flow::accounts::undo_ttl);
}

/// Whether a hold stands in the way: one on the new address, or one of this account, whose undo comes first.
bool is_held(db::Tx& tx, const Proved& proved, Timestamp now) {
  const users::Contact& old = proved.proof.account;
  const std::string kind(scheduled::email_undo);
  const LinkId hold = flow::accounts::id_of_held(old.email_key);
  tx.run(scheduled::delete_due_of, now, kind, hold, old.id);
  return tx.run(scheduled::find_of_user, old.id, kind).has_value() ||
         flow::accounts::find_holder(tx, old.email_key, now).has_value() ||
         flow::accounts::find_holder(tx, proved.address.key.value, now).has_value();
}

Result<> write_change(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                      const Proved& proved, const std::string& language) {
  const users::Contact& old = proved.proof.account;
  const auto& [address, key] = proved.address;
  if (!tx.run(store::attempts::hold, old.id, old.security_version).has_value() ||
      is_held(tx, proved, origin.now))
    return Error(ErrorCode::invalid_link);
  flow::accounts::remove_lapsed_holders(tx, services.settings, origin, key.value, std::nullopt);
  const auto changed =
      tx.run(users::update_email, address, key.value, origin.now, old.id, old.security_version);
  if (!changed.has_value()) return Error(ErrorCode::invalid_link);
  if (!proved.wanted.keep_sessions) {
    constexpr auto everything = std::numeric_limits<std::int64_t>::max();
    flow::sessions::end_some_of(tx, old.id, proved.wanted.asked_by, everything,
                                flow::sessions::EndedBy::new_address);
  }
  tx.run_later(store::mail_codes::delete_codes_of_user, old.id);
  mail::drop_links(tx, old.id);
  hold_old_address(tx, services, origin, proved, language);
  users::Contact now = old;
  now.email = address;
  flow::accounts::queue_notice(tx, services, origin, now, welcome_message, {}, language);
  flow::record(tx, origin, events::email_changed, flow::ok, to_string(old.subject));
  return {};
}

}  // namespace

Task<Result<Proved>> look_at_change(flow::Services& services, flow::Origin origin, std::string token) {
  const auto snapshot = services.keys.current();
  const auto claims = jose::read_own_token(change_link.token, token, snapshot->ring().keys(change_link.key));
  if (!claims.has_value() || claims->exp <= to_numeric_date(origin.now))
    co_return Error(ErrorCode::invalid_link);
  const std::string purpose(change_link.purpose);
  auto expected = co_await services.database.run(store::mail_codes::find_expected, claims->jti, purpose);
  auto account = co_await services.database.run(users::find_contact_by_subject, claims->sub);
  if (!expected.has_value() || !account.has_value() || account->id != expected->user_id ||
      !account->is_active || account->security_version != claims->version)
    co_return Error(ErrorCode::invalid_link);
  Proof proof{.id = claims->jti,
              .expires_at = Timestamp{Seconds{claims->exp}},
              .account = std::move(*account),
              .detail = std::move(expected->detail)};
  auto proved = with_address(services.settings, std::move(proof));
  if (proved.has_value() && jose::address_fingerprint(proved->address.key.value) != claims->address)
    co_return Error(ErrorCode::invalid_link);
  co_return proved;
}

Task<Result<Proved>> try_change_code(flow::Services& services, flow::Origin origin, std::string handle,
                                     std::string code) {
  auto proof = co_await flow::links::try_code(services, std::move(origin), change_link, std::move(handle),
                                              std::move(code));
  if (proof.has_error()) co_return proof.error();
  co_return with_address(services.settings, std::move(*proof));
}

namespace {

/// `asker`: nothing where a link proves the change, whoever opens it.
Task<Result<>> confirm(flow::Services& services, flow::Origin origin,
                       std::optional<flow::sessions::Asker> asker, Proved proved, std::string language) {
  auto work = [&](db::Tx& tx) -> Result<> {
    if (asker.has_value()) {
      auto held = hold_caller(tx, origin.now, *asker, flow::sessions::Recency::any);
      if (held.has_error()) return held;
    }
    return write_change(tx, services, origin, proved, language);
  };
  Result<> written;
  try {
    written = co_await services.database.write(work);  // holds the caller, if there is one
  } catch (const db::ConstraintViolation&) {
    // Somebody has taken the address at the same moment.
    written = Error(ErrorCode::invalid_link);
  }
  if (written.has_error()) {
    const std::string subject = to_string(proved.proof.account.subject);
    flow::note(origin, events::email_changed, written.error().code, subject);
  }
  co_return written;
}

}  // namespace

Task<Result<>> confirm_change(flow::Services& services, flow::Origin origin, Proved proved,
                              std::string language) {
  co_return co_await confirm(services, std::move(origin), std::nullopt, std::move(proved),
                             std::move(language));
}

Task<Result<>> confirm_own_change(flow::Services& services, flow::Origin origin, flow::sessions::Asker asker,
                                  Proved proved, std::string language) {
  if (proved.proof.account.id != asker.user) co_return Error(ErrorCode::invalid_link);
  co_return co_await confirm(services, std::move(origin), asker, std::move(proved), std::move(language));
}

}  // namespace latchkey::features::email_change
