#include "flow/signin/prove_mail_code.h"

#include "flow/accounts/unproved_ways_in.h"
#include "flow/sessions/end_sessions.h"
#include "flow/signin/events.h"
#include "mail/queue.h"
#include "store/factors.h"

namespace latchkey::flow::signin {
namespace {

Result<> confirm(db::Tx& tx, const Origin& origin, const store::users::Contact& account) {
  if (!tx.run(store::users::consume_confirmation_by_code, origin.now, account.id, account.security_version)
           .has_value())
    return Error(ErrorCode::invalid_code);
  sessions::end_sessions_of(tx, account.id, sessions::EndedBy::new_password);
  accounts::drop_unproved_ways_in(tx, account.id);
  mail::drop_links(tx, account.id);
  tx.run_later(store::factors::update_mark, account.id);
  record(tx, origin, events::confirmed_by_code, ok, to_string(account.subject),
         "by a code; the password from before was removed");
  return {};
}

}  // namespace

Task<Result<links::Proof>> prove_mail_code(Services& services, Origin origin, std::string handle,
                                           std::string code) {
  auto proof =
      co_await links::try_code(services, std::move(origin), sign_in_code, std::move(handle), std::move(code));
  if (proof.has_error()) co_return Error(ErrorCode::invalid_code);
  co_return proof;
}

Result<> consume_mail_code(db::Tx& tx, const Origin& origin, const links::Proof& proof) {
  if (!links::spend(tx, proof)) return Error(ErrorCode::invalid_code);
  if (proof.account.is_proved) return {};
  return confirm(tx, origin, proof.account);
}

}  // namespace latchkey::flow::signin
