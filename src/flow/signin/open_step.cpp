#include "flow/signin/open_step.h"

namespace latchkey::flow::signin {

Task<Result<OpenStep>> read_open_step(Services& services, Origin origin, std::string login_token) {
  const auto progress = co_await read_login_token(services, std::move(origin), std::move(login_token));
  if (progress.has_error()) co_return progress.error();
  const auto& account = progress->account;
  OpenStep open;
  open.account = co_await read_state(services, account);
  open.kind = next_step(open.account, progress->done, policy_for(services.settings, account.role)).kind;
  const auto contact = co_await services.database.run(store::users::find_contact_by_id, account.id);
  if (!contact.has_value()) co_return Error(ErrorCode::invalid_login_token);
  open.email = contact->email;
  if (open.account.has_passkey)
    open.passkeys = co_await services.database.run(store::passkeys::list_passkeys, account.id);
  co_return open;
}

}  // namespace latchkey::flow::signin
