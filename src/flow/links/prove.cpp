#include "flow/links/prove.h"

#include "flow/accounts/unconfirmed.h"
#include "flow/links/code.h"
#include "flow/links/events.h"
#include "store/attempts.h"
#include "store/mail_codes.h"
#include "store/spent.h"
#include "store/state.h"

namespace latchkey::flow::links {
namespace {

namespace jose = crypto::jose;
namespace users = store::users;

constexpr std::int64_t most_tries = 5;

bool may_be_used(const Services& services, const users::Contact& account, Timestamp now) {
  return account.is_active && !accounts::has_lapsed(services.settings, account, now);
}

}  // namespace

Task<Result<Proof>> look_at_link(Services& services, Origin origin, const Kind& kind, std::string token) {
  const auto claims = jose::read_own_token(kind.token, token, services.keys.current()->ring().keys(kind.key));
  if (!claims.has_value() || claims->exp <= to_numeric_date(origin.now))
    co_return Error(ErrorCode::invalid_link);
  auto account = co_await services.database.run(users::find_contact_by_subject, claims->sub);
  if (!account.has_value() || account->security_version != claims->version ||
      jose::address_fingerprint(account->email_key) != claims->address ||
      !may_be_used(services, *account, origin.now)) {
    co_return Error(ErrorCode::invalid_link);
  }
  co_return Proof{.id = claims->jti,
                  .expires_at = Timestamp{Seconds{claims->exp}},
                  .account = std::move(*account),
                  .detail = {}};
}

Task<Result<Proof>> try_code(Services& services, Origin origin, const Kind& kind, std::string handle,
                             std::string code) {
  const auto snapshot = services.keys.current();
  const auto claims = jose::read_own_token(jose::handle_token_form, handle,
                                           snapshot->ring().keys(crypto::KeyUse::code_handle));
  const auto typed = read_code(code);
  if (!claims.has_value() || claims->exp <= to_numeric_date(origin.now) || !typed.has_value())
    co_return Error(ErrorCode::invalid_link);
  const auto codes = codes_of(snapshot->ring(), claims->jti, kind.purpose);
  const Timestamp asked_at{Seconds{claims->iat}};

  auto work = [&](db::Tx& tx) -> Result<Proof> {
    const std::string purpose(kind.purpose);
    const auto failed = tx.run(store::attempts::reserve_code, most_codes_in_a_row, claims->jti, purpose,
                               most_tries, origin.now);
    if (!failed.has_value()) {
      tx.run(store::state::update_dummy);
      return Error(ErrorCode::invalid_link);
    }
    const auto tried = tx.run(store::mail_codes::count_try, claims->jti, purpose, most_tries, origin.now);
    if (!tried.has_value()) return Error(ErrorCode::invalid_link);
    if (!is_one_of(*typed, codes)) {
      if (failed->failed_codes == most_codes_in_a_row)
        record(tx, origin, events::codes_shut, Outcome("shut"), to_string(failed->subject));
      return Error(ErrorCode::invalid_link);
    }
    tx.run_later(store::mail_codes::give_try_back, claims->jti);
    tx.run_later(store::attempts::forget_codes, tried->user_id);
    auto account = tx.run(users::find_contact_by_id, tried->user_id);
    if (!account.has_value() || account->security_version != tried->version ||
        !may_be_used(services, *account, origin.now))
      return Error(ErrorCode::invalid_link);
    return Proof{.id = claims->jti,
                 .expires_at = asked_at + kind.ttl(services.settings),
                 .account = std::move(*account),
                 .detail = tried->detail};
  };
  co_return co_await services.database.write(work);
}

bool spend(db::Tx& tx, const Proof& proof) {
  if (!tx.run(store::spent::consume_id, proof.id, proof.expires_at).has_value()) return false;
  tx.run_later(store::mail_codes::delete_code, proof.id);
  return true;
}

}  // namespace latchkey::flow::links
