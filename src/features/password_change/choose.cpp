#include "features/password_change/choose.h"

#include "features/password_change/events.h"
#include "features/password_change/mails.h"
#include "flow/accounts/change_password.h"
#include "flow/accounts/notice.h"
#include "flow/events.h"
#include "flow/signin/devices.h"
#include "flow/signin/progress.h"
#include "store/factors.h"
#include "store/users.h"

namespace latchkey::features::password_change {
namespace {

namespace users = store::users;
using flow::signin::Step;

}  // namespace

Task<Result<flow::sessions::TokenPair>> choose_password(flow::Services& services, flow::Origin origin,
                                                        std::string login_token, Secret password,
                                                        std::string language) {
  auto progress = co_await flow::signin::read_login_token(services, origin, std::move(login_token));
  if (progress.has_error()) co_return progress.error();
  // Nobody may choose a password who has not given all the proofs that come before.
  const auto state = co_await flow::signin::read_state(services, progress->account);
  const auto expected =
      flow::signin::expect_step(services, *progress, Step::Kind::new_password, state, origin.now);
  if (expected.has_error()) co_return expected.error();

  const auto owner = co_await services.database.run(users::find_contact_by_id, progress->account.id);
  if (!owner.has_value()) co_return Error(ErrorCode::invalid_login_token);
  const std::string& stored = progress->account.password_hash;
  std::string former(store::factors::void_hash(stored));
  if (former.empty()) former = store::factors::without_mark(stored);
  const auto client = client_of(origin);
  auto hash = co_await flow::accounts::hash_new_password(services, client, *owner, std::move(password),
                                                         std::move(former));
  if (hash.has_error()) co_return hash.error();

  const DeviceId device = flow::signin::device_id(services.keys.current()->ring(), owner->subject, client);
  flow::signin::Consume consume = [&](db::Tx& tx) -> Result<> {
    if (!flow::accounts::change_password_by_owner(tx, origin, owner->id, progress->account.security_version,
                                                  *hash, device, {}))
      return Error(ErrorCode::invalid_login_token);
    flow::accounts::queue_notice(tx, services, origin, *owner, replaced_message, {{"ended", "yes"}},
                                 language);
    flow::record(tx, origin, events::password_changed, flow::ok, to_string(owner->subject));
    return {};
  };
  co_return co_await flow::signin::go_on(services, origin, *progress, flow::signin::Done(),
                                         std::move(consume));
}

}  // namespace latchkey::features::password_change
