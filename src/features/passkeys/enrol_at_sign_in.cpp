#include "features/passkeys/enrol_at_sign_in.h"

#include "flow/signin/events.h"

namespace latchkey::features::passkeys {

namespace signin = flow::signin;

Task<Result<EnrolmentOptions>> options_at_sign_in(flow::Services& services, flow::Origin origin,
                                                  std::string login_token) {
  const auto progress = co_await signin::read_enrolment(services, origin, std::move(login_token));
  if (progress.has_error()) co_return progress.error();
  auto account = co_await services.database.run(store::users::find_contact_by_id, progress->account.id);
  if (!account.has_value()) co_return Error(ErrorCode::invalid_login_token);
  const Owner owner{.id = account->id, .subject = account->subject};
  auto options = co_await registration_options(services, std::move(origin), owner);
  if (options.has_error()) co_return options.error();
  co_return EnrolmentOptions{.options = std::move(*options), .account = std::move(*account)};
}

Task<Result<signin::Enrolled>> add_at_sign_in(flow::Services& services, flow::Origin origin,
                                              std::string login_token, NewPasskey made) {
  auto progress = co_await signin::read_enrolment(services, origin, std::move(login_token));
  if (progress.has_error()) co_return progress.error();
  const Owner owner{.id = progress->account.id, .subject = progress->account.subject};
  const auto checked = co_await check_passkey(services, origin, owner, std::move(made));
  if (checked.has_error()) {
    flow::note(origin, signin::events::sign_in, checked.error().code);
    co_return checked.error();
  }
  signin::Enrol enrol = [&](db::Tx& tx) {
    return write_passkey(tx, services, origin, owner.subject, *checked);
  };
  // Whoever has made it holds it.
  auto proved = signin::Done().with(signin::Proof::passkey);
  if (checked->passkey.is_user_verifying) proved = proved.with(signin::Proof::user_verified);
  co_return co_await signin::enrol_and_go_on(services, origin, std::move(*progress), proved,
                                             std::move(enrol));
}

}  // namespace latchkey::features::passkeys
