#include "flow/links/make.h"

#include "flow/limits/sent_mails.h"
#include "flow/links/code.h"
#include "store/state.h"
#include "store/users.h"

namespace latchkey::flow::links {

Link make_link(const crypto::Keyring& ring, const Settings& settings, const Kind& kind, const Mail& mail) {
  const Timestamp expires_at = mail.created_at + kind.ttl(settings);
  const crypto::jose::LinkClaims claims{.jti = mail.id,
                                        .sub = mail.subject,
                                        .address = crypto::jose::address_fingerprint(mail.email_key),
                                        .version = mail.security_version,
                                        .iat = to_numeric_date(mail.created_at),
                                        .exp = to_numeric_date(expires_at)};
  return {.token = crypto::jose::make_own_token(kind.token, claims, ring.key(kind.key)),
          .expires_at = expires_at,
          .code = make_code(ring, mail.id, kind.purpose),
          .code_expires_at = mail.created_at + settings.accounts.code_ttl};
}

std::string make_handle(const crypto::Keyring& ring, const Settings& settings, const LinkId& id,
                        Timestamp now) {
  const crypto::jose::HandleClaims claims{
      .jti = id, .iat = to_numeric_date(now), .exp = to_numeric_date(now + settings.accounts.code_ttl)};
  return crypto::jose::make_own_token(crypto::jose::handle_token_form, claims,
                                      ring.key(crypto::KeyUse::code_handle));
}

bool claim_mail(db::Tx& tx, const Settings& settings, const Kind& kind, UserId user, Timestamp now) {
  const Microseconds interval = settings.limits.enabled ? settings.limits.mail_interval : Microseconds{0};
  // Written first: on PostgreSQL a request of the same moment waits here, and then counts this mail, too.
  const bool claimed = tx.run(store::users::update_link_mailed_at, now, user, now - interval).has_value();
  return limits::may_be_mailed(tx, settings, kind.purpose, user, now) && claimed;
}

void pretend_claim(db::Tx& tx, const Settings& settings, const Kind& kind, Timestamp now) {
  tx.run(store::state::update_dummy);
  limits::may_be_mailed(tx, settings, kind.purpose, UserId{}, now);
}

void expect_code(db::Tx& tx, const Settings& settings, const Kind& kind, const LinkId& id, UserId user,
                 const std::string& detail, Timestamp now) {
  limits::count_mail(tx, settings, kind.purpose, id, user, now, detail);
}

}  // namespace latchkey::flow::links
