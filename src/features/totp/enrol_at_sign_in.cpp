#include "features/totp/enrol_at_sign_in.h"

#include "flow/signin/events.h"
#include "store/users.h"

namespace latchkey::features::totp {

namespace signin = flow::signin;

Task<Result<Begun>> begin_at_sign_in(flow::Services& services, flow::Origin origin, std::string login_token) {
  const auto progress = co_await signin::read_enrolment(services, origin, std::move(login_token));
  if (progress.has_error()) co_return progress.error();
  const auto& account = progress->account;
  const auto owner = co_await services.database.run(store::users::find_contact_by_id, account.id);
  if (!owner.has_value()) co_return Error(ErrorCode::invalid_login_token);
  co_return begin_app(services, origin.now, account.subject, owner->email, account.security_version);
}

Task<Result<signin::Enrolled>> confirm_at_sign_in(flow::Services& services, flow::Origin origin,
                                                  std::string login_token, std::string enrolment,
                                                  std::string code) {
  auto progress = co_await signin::read_enrolment(services, origin, std::move(login_token));
  if (progress.has_error()) co_return progress.error();
  const UserId user = progress->account.id;
  const Subject subject = progress->account.subject;
  const auto snapshot = services.keys.current();
  auto app = check_new_app(snapshot->ring(), subject, enrolment, code, origin.now);
  // Begun before the last change of the account, which the login token has seen.
  if (app.has_value() && app->version != progress->account.security_version) app = expired_enrolment();
  if (app.has_error()) {
    flow::note(origin, signin::events::sign_in, app.error().code, to_string(subject));
    co_return app.error();
  }
  signin::Enrol enrol = [&](db::Tx& tx) -> Result<std::vector<std::string>> {
    auto codes = write_app(tx, services, origin, user, subject, *app);
    return std::move(codes).value_or(std::vector<std::string>{});
  };
  const auto proved = signin::Done().with(signin::Proof::totp);
  co_return co_await signin::enrol_and_go_on(services, origin, std::move(*progress), proved,
                                             std::move(enrol));
}

}  // namespace latchkey::features::totp
