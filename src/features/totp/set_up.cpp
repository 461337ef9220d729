#include "features/totp/set_up.h"

#include "flow/accounts/factors.h"
#include "flow/sessions/hold_caller.h"
#include "flow/signin/next_step.h"
#include "store/attempts.h"
#include "store/sessions.h"
#include "store/users.h"

namespace latchkey::features::totp {
namespace {

namespace users = store::users;
using flow::sessions::Recency;
using flow::sessions::write_as;

flow::sessions::Asker asker_of(const Own& own) { return {.user = own.user, .session = own.session}; }

/// The session that asks has proved the app, beside what it had proved just before.
void mark_session(db::Tx& tx, const flow::Origin& origin, const SessionId& session) {
  using flow::signin::Done;
  const auto proved = tx.run(store::sessions::find_proved, session);
  if (!proved.has_value()) return;
  const auto done = Done::from_bits(proved->methods).with(flow::signin::Proof::totp);
  tx.run_later(store::sessions::update_proved, origin.now, done.bits(), session);
}

}  // namespace

std::optional<Begun> look_at(const flow::Services& services, const flow::Origin& origin, const Own& own,
                             std::string enrolment) {
  const auto keys = services.keys.current();
  const auto opened = open_enrolment(keys->ring(), own.subject, enrolment, origin.now);
  if (!opened.has_value()) return std::nullopt;
  const auto left = std::chrono::floor<Seconds>(opened->begun_at + enrolment_ttl - origin.now);
  return show_app(services, *opened, own.email, std::move(enrolment), left);
}

Task<Result<Begun>> begin(flow::Services& services, flow::Origin origin, Own own) {
  const auto account = co_await services.database.run(users::find_credentials_by_id, own.user);
  if (!account.has_value()) co_return Error(ErrorCode::invalid_token);
  co_return begin_app(services, origin.now, own.subject, own.email, account->security_version);
}

Task<Result<Confirmed>> confirm(flow::Services& services, flow::Origin origin, Own own, std::string enrolment,
                                std::string code, OtherSessions others) {
  const auto snapshot = services.keys.current();
  const auto app = check_new_app(snapshot->ring(), own.subject, enrolment, code, origin.now);
  if (app.has_error()) co_return app.error();
  auto work = [&](db::Tx& tx) -> Result<Confirmed> {
    // Locks the row before the version moves: who comes second finds another version.
    if (!tx.run(store::attempts::hold, own.user, app->version).has_value()) return expired_enrolment();
    mark_session(tx, origin, own.session);
    if (others == OtherSessions::end) flow::accounts::end_other_sessions(tx, own.user, own.session);
    return Confirmed{.recovery_codes = write_app(tx, services, origin, own.user, own.subject, *app)};
  };
  co_return co_await write_as(services, origin.now, asker_of(own), Recency::recent, work);
}

Task<Result<>> remove(flow::Services& services, flow::Origin origin, Own own, OtherSessions others) {
  auto work = [&](db::Tx& tx) -> Result<> {
    auto removed = flow::accounts::remove_totp(tx, services, origin, own.user);
    if (removed.has_error()) return removed;
    if (others == OtherSessions::end) flow::accounts::end_other_sessions(tx, own.user, own.session);
    return {};
  };
  co_return co_await write_as(services, origin.now, asker_of(own), Recency::recent, work);
}

}  // namespace latchkey::features::totp
