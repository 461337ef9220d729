#include "features/confirmation/confirm.h"

#include "base/metrics.h"
#include "crypto/jose/confirmation_token.h"
#include "flow/accounts/unconfirmed.h"

namespace latchkey::features::confirmation {
namespace {

using metrics::Counter;
namespace users = store::users;

Error refused() {
  metrics::count(Counter::confirmation_refused);
  return ErrorCode::invalid_confirmation;
}

}  // namespace

ConfirmationLinks make_confirmation_links(const flow::Services& services, const store::outbox::Mail& mail) {
  const Timestamp expires_at = mail.created_at + services.settings.accounts.confirmation_ttl;
  const crypto::jose::ConfirmationClaims claims{.link = mail.id,
                                                .sub = mail.subject,
                                                .address = crypto::jose::address_fingerprint(mail.email_key),
                                                .iat = to_numeric_date(mail.created_at),
                                                .exp = to_numeric_date(expires_at)};
  const auto token =
      crypto::jose::make_confirmation_token(claims, services.keys.current()->ring().confirmation_key());
  return {.confirm_url = services.public_url + "/api/auth/confirmed_email/" + token,
          .reject_url = services.public_url + "/api/auth/rejected_email/" + token,
          .expires_at = expires_at};
}

Task<Result<users::Contact>> look_at_confirmation(flow::Services& services, flow::Origin origin,
                                                  std::string token) {
  const auto& ring = services.keys.current()->ring();
  const auto claims = crypto::jose::verify_confirmation_token(token, ring.confirmation_keys());
  if (!claims.has_value() || claims->exp <= to_numeric_date(origin.now)) co_return refused();
  const auto contact = co_await services.database.run(users::find_contact_by_subject, claims->sub);
  // Bound to the address too: a link to an address that the account no longer has confirms nothing.
  if (!contact.has_value() || crypto::jose::address_fingerprint(contact->email_key) != claims->address)
    co_return refused();
  if (flow::accounts::has_lapsed(services.settings, *contact, origin.now)) co_return refused();
  co_return *contact;
}

Task<Result<Confirmed>> confirm_email(flow::Services& services, flow::Origin origin, std::string token) {
  const auto found = co_await look_at_confirmation(services, origin, std::move(token));
  if (found.has_error()) co_return found.error();
  const auto& contact = *found;
  if (contact.confirmed) {
    metrics::count(Counter::confirmation_repeated);
    co_return Confirmed::before;
  }
  auto work = [&](db::Tx& tx) -> Result<Confirmed> {
    const auto id = tx.run(users::consume_confirmation, origin.now, contact.subject, contact.email_key);
    if (!id.has_value()) {
      // Somebody was quicker: either it is confirmed now, or it is gone.
      const auto now = tx.run(users::find_contact_by_subject, contact.subject);
      if (!now.has_value() || !now->confirmed) return Error(ErrorCode::invalid_confirmation);
      return Confirmed::before;
    }
    tx.run_later(store::outbox::delete_mail_of_user, *id);
    store::audit::insert_entry(
        tx, flow::audit_entry(origin, "email_confirmed", "ok", to_string(contact.subject)));
    return Confirmed::now;
  };
  const auto result = co_await services.database.write(work);
  if (result.has_error()) co_return refused();
  metrics::count(*result == Confirmed::now ? Counter::confirmation_ok : Counter::confirmation_repeated);
  co_return result;
}

Task<Result<>> reject_email(flow::Services& services, flow::Origin origin, std::string token) {
  const auto found = co_await look_at_confirmation(services, origin, std::move(token));
  if (found.has_error()) co_return found.error();
  const auto& contact = *found;
  auto work = [&](db::Tx& tx) -> Result<> {
    const auto id = tx.run(users::delete_unconfirmed, contact.subject, contact.email_key);
    if (!id.has_value()) return Error(ErrorCode::invalid_confirmation);
    store::audit::insert_entry(
        tx, flow::audit_entry(origin, "email_rejected", "account_removed", to_string(contact.subject)));
    return {};
  };
  const auto result = co_await services.database.write(work);
  if (result.has_error()) co_return refused();
  co_return result;
}

}  // namespace latchkey::features::confirmation
