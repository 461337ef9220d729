#include "features/confirmation/confirm.h"

#include "crypto/jose/confirmation_token.h"
#include "features/confirmation/events.h"
#include "flow/accounts/confirmation_mail.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/signin/devices.h"
#include "mail/queue.h"

namespace latchkey::features::confirmation {
namespace {

namespace users = store::users;

Error refused(const flow::Origin& origin) {
  flow::note(origin, events::email_confirmed, ErrorCode::invalid_confirmation);
  return ErrorCode::invalid_confirmation;
}

}  // namespace

std::optional<mail::Links> make_confirmation_links(const mail::LinkKeys& keys, const mail::Mail& mail) {
  if (!mail.account || mail.account->is_proved || mail.account->email != mail.recipient) return std::nullopt;
  const Timestamp expires_at = mail.created_at + keys.settings.accounts.confirmation_ttl;
  const crypto::jose::ConfirmationClaims claims{
      .link = mail.id,
      .sub = mail.account->subject,
      .address = crypto::jose::address_fingerprint(mail.account->email_key),
      .iat = to_numeric_date(mail.created_at),
      .exp = to_numeric_date(expires_at)};
  const auto token =
      crypto::jose::make_confirmation_token(claims, keys.ring.key(crypto::KeyUse::confirmation_link));
  return mail::Links{.values = {{"confirm_url", keys.public_url + "/api/auth/confirmed_email/" + token},
                                {"reject_url", keys.public_url + "/api/auth/rejected_email/" + token}},
                     .expires_at = expires_at};
}

Task<Result<users::Contact>> look_at_confirmation(flow::Services& services, flow::Origin origin,
                                                  std::string token) {
  const auto& ring = services.keys.current()->ring();
  const auto claims =
      crypto::jose::verify_confirmation_token(token, ring.keys(crypto::KeyUse::confirmation_link));
  if (!claims.has_value() || claims->exp <= to_numeric_date(origin.now)) co_return refused(origin);
  const auto contact = co_await services.database.run(users::find_contact_by_subject, claims->sub);
  // Bound to the address too: a link to an address that the account no longer has confirms nothing.
  if (!contact.has_value() || crypto::jose::address_fingerprint(contact->email_key) != claims->address)
    co_return refused(origin);
  if (flow::accounts::has_lapsed(services.settings, *contact, origin.now)) co_return refused(origin);
  co_return *contact;
}

Task<Result<Confirmed>> confirm_email(flow::Services& services, flow::Origin origin, std::string token) {
  const auto found = co_await look_at_confirmation(services, origin, std::move(token));
  if (found.has_error()) co_return found.error();
  const auto& contact = *found;
  if (contact.is_proved) {
    flow::note(origin, events::email_confirmed, events::repeated);
    co_return Confirmed::before;
  }
  // Strangers who guess before the owner has signed in for the first time lock nobody out.
  const auto device =
      flow::signin::device_id(services.keys.current()->ring(), contact.subject, flow::client_of(origin));
  auto work = [&](db::Tx& tx) -> Result<Confirmed> {
    const auto id = tx.run(users::consume_confirmation, origin.now, contact.subject, contact.email_key);
    if (!id.has_value()) {
      // Somebody was quicker: either it is confirmed now, or it is gone.
      const auto now = tx.run(users::find_contact_by_subject, contact.subject);
      if (!now.has_value() || !now->is_proved) return Error(ErrorCode::invalid_confirmation);
      return Confirmed::before;
    }
    mail::drop_links_for(tx, *id, std::string(flow::accounts::confirmation_message));
    flow::signin::remember_device(tx, *id, device, origin.now);
    flow::record(tx, origin, events::email_confirmed, flow::ok, to_string(contact.subject));
    return Confirmed::now;
  };
  const auto result = co_await services.database.write(work);
  if (result.has_error()) co_return refused(origin);
  if (*result == Confirmed::before) flow::note(origin, events::email_confirmed, events::repeated);
  co_return result;
}

Task<Result<>> reject_email(flow::Services& services, flow::Origin origin, std::string token) {
  const auto found = co_await look_at_confirmation(services, origin, std::move(token));
  if (found.has_error()) co_return found.error();
  const auto& contact = *found;
  auto work = [&](db::Tx& tx) -> Result<> {
    const auto id = tx.run(users::delete_unconfirmed, contact.subject, contact.email_key);
    if (!id.has_value()) return Error(ErrorCode::invalid_confirmation);
    mail::drop_links(tx, *id);
    flow::record(tx, origin, events::email_rejected, events::account_removed, to_string(contact.subject));
    return {};
  };
  const auto result = co_await services.database.write(work);
  if (result.has_error()) co_return refused(origin);
  co_return result;
}

}  // namespace latchkey::features::confirmation
