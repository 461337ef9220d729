#include "flow/links/make.h"

#include "crypto/random.h"
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

std::string make_handle(const crypto::Keyring& ring, const Settings& settings, const Expected& expected,
                        Timestamp now) {
  const crypto::HmacKey& key = ring.key(crypto::KeyUse::code_handle);
  const LinkId handle = crypto::new_link_id();
  const Handled masked =
      mask(key, handle, {.mail = expected.mail, .counted = static_cast<std::int64_t>(expected.tries)});
  const crypto::jose::HandleClaims claims{.jti = handle,
                                          .mail = masked.mail,
                                          .counted = masked.counted,
                                          .iat = to_numeric_date(now),
                                          .exp = to_numeric_date(now + settings.accounts.code_ttl)};
  return crypto::jose::make_own_token(crypto::jose::handle_token_form, claims, key);
}

Claim claim_mail(db::Tx& tx, const Settings& settings, const Kind& kind, UserId user,
                 const limits::Asker& asker, Timestamp now) {
  // Written first: on PostgreSQL a request of the same moment waits here, and then counts this mail, too.
  const bool is_active = tx.run(store::users::update_link_mailed_at, now, user).has_value();
  const auto sent = limits::count_sent(tx, settings, kind.purpose, user, asker, now);
  Claim claim{.is_granted = is_active && sent.may_be_one_more, .last = {}};
  if (sent.last_of_asker.has_value()) {
    claim.last = Expected{.mail = *sent.last_of_asker, .tries = tries_of(asker)};
  } else if (sent.last.has_value()) {
    claim.last = Expected{.mail = *sent.last, .tries = Tries::of_others};
  }
  return claim;
}

void pretend_claim(db::Tx& tx, const Settings& settings, const Kind& kind, Timestamp now) {
  tx.run(store::state::update_dummy);
  limits::count_sent(tx, settings, kind.purpose, UserId{}, {}, now);
}

void expect_code(db::Tx& tx, const Settings& settings, const Kind& kind, const LinkId& id, UserId user,
                 const std::string& detail, Timestamp now, const limits::Asker& asker) {
  limits::count_mail(tx, settings,
                     {.purpose = kind.purpose, .id = id, .account = user, .asker = asker, .detail = detail},
                     now);
}

}  // namespace latchkey::flow::links
