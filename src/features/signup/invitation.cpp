#include "features/signup/invitation.h"

#include "crypto/random.h"
#include "features/signup/events.h"
#include "flow/accounts/held_address.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/links/make.h"
#include "mail/queue.h"
#include "store/spent.h"
#include "store/users.h"

namespace latchkey::features::signup {
namespace {

namespace jose = crypto::jose;

Invitation invitation_of(const crypto::Keyring& ring, const Settings& settings, const std::string& public_url,
                         const LinkId& id, std::string_view email_key, Timestamp now) {
  // Of no account: what ties it to somebody is the address.
  const auto link = flow::links::make_link(
      ring, settings, invitation_link,
      {.id = id, .subject = {}, .email_key = email_key, .security_version = 0, .created_at = now});
  return {.url = public_url + "/sign-up/" + link.token, .expires_at = link.expires_at};
}

Result<> refuse_known(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                      const EmailAddress& email) {
  const auto holder = tx.run(store::users::find_contact, email.key.value);
  if (holder.has_value() && !flow::accounts::has_lapsed(services.settings, *holder, origin.now))
    return Error(ErrorCode::account_exists);
  if (flow::accounts::find_holder(tx, email.key.value, origin.now).has_value())
    return Error(ErrorCode::account_exists);
  return {};
}

}  // namespace

Result<Invitation> make_invitation(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                                   const std::string& public_url, const EmailAddress& email) {
  if (const auto free = refuse_known(tx, services, origin, email); free.has_error()) return free.error();
  const LinkId id = crypto::new_link_id();
  flow::record(tx, origin, events::invited, flow::ok, "", to_string(id));
  const auto keys = services.keys.current();
  return invitation_of(keys->ring(), services.settings, public_url, id, email.key.value, origin.now);
}

Result<Timestamp> mail_invitation(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                                  const EmailAddress& email) {
  if (const auto free = refuse_known(tx, services, origin, email); free.has_error()) return free.error();
  const LinkId id = mail::queue(tx, services.wake_mail,
                                {.message = std::string(invitation_message),
                                 .recipient = email.address,
                                 .parameters = {{"key", email.key.value}},
                                 .link = std::string(invitation_link.purpose),
                                 .now = origin.now});
  flow::record(tx, origin, events::invited, flow::ok, "", to_string(id));
  return origin.now + invitation_link.ttl(services.settings);
}

std::optional<mail::Links> make_invitation_links(const mail::LinkKeys& keys, const mail::Mail& mail) {
  auto invitation = invitation_of(keys.ring, keys.settings, keys.public_url, mail.id,
                                  mail::value_of(mail.parameters, "key"), mail.created_at);
  return mail::Links{.values = {{"invitation_url", std::move(invitation.url)}},
                     .expires_at = invitation.expires_at};
}

bool Invited::is_for(const EmailAddress& email) const {
  return jose::address_fingerprint(email.key.value) == address;
}

std::optional<Invited> read_invitation(const crypto::Keyring& ring, std::string_view token, Timestamp now) {
  const auto claims = jose::read_own_token(invitation_link.token, token, ring.keys(invitation_link.key));
  if (!claims.has_value() || claims->exp <= to_numeric_date(now)) return std::nullopt;
  return Invited{
      .id = claims->jti, .address = claims->address, .expires_at = Timestamp{Seconds{claims->exp}}};
}

bool spend(db::Tx& tx, const Invited& invitation) {
  return tx.run(store::spent::consume_id, invitation.id, invitation.expires_at).has_value();
}

}  // namespace latchkey::features::signup
