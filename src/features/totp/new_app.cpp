#include "features/totp/new_app.h"

#include "crypto/random.h"
#include "crypto/totp.h"
#include "flow/accounts/factor_notices.h"
#include "flow/accounts/factors.h"
#include "flow/events.h"
#include "flow/signin/factor_attempts.h"
#include "flow/signin/lost_factors.h"
#include "flow/signin/recovery_codes.h"
#include "settings/url.h"
#include "store/factors.h"
#include "store/totp.h"

namespace latchkey::features::totp {

Error expired_enrolment() { return {ErrorCode::invalid_code, "This set-up has expired, begin again"}; }

Begun show_app(const flow::Services& services, const Enrolment& enrolment, std::string_view email,
               std::string sealed, Seconds expires_in) {
  const auto url = settings::parse_url(services.public_url);
  const std::string service = url.has_value() ? url->host : services.public_url;
  return {.secret = crypto::totp_secret_text(enrolment.secret),
          .uri = crypto::totp_uri(enrolment.secret, service, email),
          .enrolment = std::move(sealed),
          .expires_in = expires_in};
}

Begun begin_app(const flow::Services& services, Timestamp now, const Subject& subject, std::string_view email,
                std::int64_t version) {
  auto random = crypto::random_array<crypto::totp_secret_size>();
  Enrolment enrolment{
      .secret = Secret(std::span<const std::uint8_t>(random)), .version = version, .begun_at = now};
  wipe(random.data(), random.size());
  const auto snapshot = services.keys.current();
  auto sealed = seal_enrolment(snapshot->ring(), subject, enrolment);
  return show_app(services, enrolment, email, std::move(sealed),
                  std::chrono::duration_cast<Seconds>(enrolment_ttl));
}

Result<NewApp> check_new_app(const crypto::Keyring& ring, const Subject& subject, std::string_view enrolment,
                             std::string_view code, Timestamp now) {
  const auto opened = open_enrolment(ring, subject, enrolment, now);
  if (!opened.has_value()) return expired_enrolment();
  constexpr std::int64_t none_used = -1;
  const auto step = crypto::find_totp_step(opened->secret, code, now, none_used);
  if (!step.has_value()) return Error(ErrorCode::invalid_code);
  return NewApp{
      .sealed_secret = ring.seal_totp(opened->secret, subject), .step = *step, .version = opened->version};
}

std::optional<std::vector<std::string>> write_app(db::Tx& tx, const flow::Services& services,
                                                  const flow::Origin& origin, UserId user,
                                                  const Subject& subject, const NewApp& app) {
  const auto before = tx.run(store::factors::find_steps, user).value_or(store::factors::Steps{});
  tx.run(store::factors::raise_version, origin.now, user);
  tx.run_later(store::totp::delete_totp_of_user, user);
  tx.run_later(store::totp::insert_totp, crypto::new_link_id(), user, app.sealed_secret, app.step,
               origin.now);
  flow::signin::forget_factor_attempts(tx, user);
  flow::signin::stop_removal_of_lost(tx, origin, user, subject);
  std::optional<std::vector<std::string>> codes;
  if (!before.has_totp && before.passkeys == 0)
    codes = flow::signin::replace_recovery_codes(tx, user, subject, origin.now);
  flow::record(tx, origin, flow::accounts::factor_added, flow::ok, to_string(subject),
               before.has_totp ? "totp, in place of an earlier one" : "totp");
  flow::accounts::tell_factor_added(tx, services, origin, user, flow::accounts::authenticator_app);
  tx.run_later(store::factors::update_mark, user);
  return codes;
}

}  // namespace latchkey::features::totp
