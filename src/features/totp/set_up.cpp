#include "features/totp/set_up.h"

#include "crypto/random.h"
#include "crypto/totp.h"
#include "features/totp/enrolment.h"
#include "flow/accounts/factor_notices.h"
#include "flow/accounts/factors.h"
#include "flow/events.h"
#include "flow/sessions/end_sessions.h"
#include "flow/signin/factor_attempts.h"
#include "flow/signin/next_step.h"
#include "flow/signin/recovery_codes.h"
#include "settings/url.h"
#include "store/attempts.h"
#include "store/factors.h"
#include "store/sessions.h"
#include "store/totp.h"

namespace latchkey::features::totp {
namespace {

namespace users = store::users;

Error expired() { return {ErrorCode::invalid_code, "This set-up has expired, begin again"}; }

/// The session that asks has proved the app, beside what it had proved just before.
void mark_session(db::Tx& tx, const flow::Origin& origin, const SessionId& session) {
  using flow::signin::Done;
  const auto proved = tx.run(store::sessions::find_proved, session);
  if (!proved.has_value()) return;
  const auto done = Done::from_bits(proved->methods).with(flow::signin::Proof::totp);
  tx.run_later(store::sessions::update_proved, origin.now, done.bits(), session);
}

Begun shown(const flow::Services& services, const Enrolment& enrolment, const Own& own, std::string sealed,
            Seconds expires_in) {
  const auto url = settings::parse_url(services.public_url);
  const std::string service = url.has_value() ? url->host : services.public_url;
  return {.secret = crypto::totp_secret_text(enrolment.secret),
          .uri = crypto::totp_uri(enrolment.secret, service, own.email),
          .enrolment = std::move(sealed),
          .expires_in = expires_in};
}

}  // namespace

std::optional<Begun> look_at(const flow::Services& services, const flow::Origin& origin, const Own& own,
                             std::string enrolment) {
  const auto keys = services.keys.current();
  const auto opened = open_enrolment(keys->ring(), own.subject, enrolment, origin.now);
  if (!opened.has_value()) return std::nullopt;
  const auto left = std::chrono::floor<Seconds>(opened->begun_at + enrolment_ttl - origin.now);
  return shown(services, *opened, own, std::move(enrolment), left);
}

Task<Result<Begun>> begin(flow::Services& services, flow::Origin origin, Own own) {
  const auto account = co_await services.database.run(users::find_credentials_by_id, own.user);
  if (!account.has_value()) co_return Error(ErrorCode::invalid_token);
  auto random = crypto::random_array<crypto::totp_secret_size>();
  Enrolment enrolment{.secret = Secret(std::span<const std::uint8_t>(random)),
                      .version = account->security_version,
                      .begun_at = origin.now};
  wipe(random.data(), random.size());
  const auto snapshot = services.keys.current();
  auto sealed = seal_enrolment(snapshot->ring(), own.subject, enrolment);
  co_return shown(services, enrolment, own, std::move(sealed),
                  std::chrono::duration_cast<Seconds>(enrolment_ttl));
}

Task<Result<Confirmed>> confirm(flow::Services& services, flow::Origin origin, Own own, std::string enrolment,
                                std::string code, OtherSessions others) {
  const auto snapshot = services.keys.current();
  const auto opened = open_enrolment(snapshot->ring(), own.subject, enrolment, origin.now);
  if (!opened.has_value()) co_return expired();
  constexpr std::int64_t none_used = -1;
  const auto step = crypto::find_totp_step(opened->secret, code, origin.now, none_used);
  if (!step.has_value()) co_return Error(ErrorCode::invalid_code);
  const Bytes sealed = snapshot->ring().seal_totp(opened->secret, own.subject);
  auto work = [&](db::Tx& tx) -> Result<Confirmed> {
    // Locks the row before the version moves: who comes second finds another version.
    if (!tx.run(store::attempts::hold, own.user, opened->version).has_value()) return expired();
    const auto before = tx.run(store::factors::find_steps, own.user).value_or(store::factors::Steps{});
    tx.run(store::factors::raise_version, origin.now, own.user);
    tx.run_later(store::totp::delete_totp_of_user, own.user);
    tx.run_later(store::totp::insert_totp, crypto::new_link_id(), own.user, sealed, *step, origin.now);
    flow::signin::forget_factor_attempts(tx, own.user);
    Confirmed confirmed;
    if (!before.has_totp && before.passkeys == 0)
      confirmed.recovery_codes = flow::signin::replace_recovery_codes(tx, own.user, own.subject, origin.now);
    mark_session(tx, origin, own.session);
    if (others == OtherSessions::end) flow::accounts::end_other_sessions(tx, own.user, own.session);
    flow::record(tx, origin, flow::accounts::factor_added, flow::ok, to_string(own.subject),
                 before.has_totp ? "totp, in place of an earlier one" : "totp");
    flow::accounts::tell_factor_added(tx, services, origin, own.user, flow::accounts::authenticator_app);
    tx.run_later(store::factors::update_mark, own.user);
    return confirmed;
  };
  co_return co_await services.database.write(work);
}

Task<Result<>> remove(flow::Services& services, flow::Origin origin, Own own, OtherSessions others) {
  auto work = [&](db::Tx& tx) -> Result<> {
    auto removed = flow::accounts::remove_totp(tx, services, origin, own.user);
    if (removed.has_error()) {
      // Blocked since the access token was checked.
      const bool blocked = removed.error().code == ErrorCode::account_blocked;
      return blocked ? Error(ErrorCode::invalid_token) : removed.error();
    }
    if (others == OtherSessions::end) flow::accounts::end_other_sessions(tx, own.user, own.session);
    return {};
  };
  co_return co_await services.database.write(work);
}

}  // namespace latchkey::features::totp
