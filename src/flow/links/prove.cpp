#include "flow/links/prove.h"

#include "flow/accounts/unconfirmed.h"
#include "flow/limits/even_answer.h"
#include "flow/limits/repeated_refusal.h"
#include "flow/links/code.h"
#include "flow/links/events.h"
#include "flow/links/make.h"
#include "store/attempts.h"
#include "store/mail_codes.h"
#include "store/spent.h"
#include "store/state.h"

namespace latchkey::flow::links {
namespace {

namespace jose = crypto::jose;
namespace users = store::users;

constexpr std::int64_t most_tries = 5;

/// A handle that is genuine and has not expired.
struct Handle {
  LinkId mail;
  std::int64_t counted = 0;
  Timestamp asked_at;
};
std::optional<Handle> read_handle(const crypto::Keyring& ring, std::string_view token, Timestamp now) {
  // One key after the other: the mask is of the key that signed it.
  const auto keys = ring.keys(crypto::KeyUse::code_handle);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto claims = jose::read_own_token(jose::handle_token_form, token, keys.subspan(i, 1));
    if (!claims.has_value()) continue;
    if (claims->exp <= to_numeric_date(now)) return std::nullopt;
    const Handled handled = mask(*keys[i], claims->jti, {.mail = claims->mail, .counted = claims->counted});
    return Handle{
        .mail = handled.mail, .counted = handled.counted, .asked_at = Timestamp{Seconds{claims->iat}}};
  }
  return std::nullopt;
}

/// The statements by which the tries with a handle are counted.
struct Counting {
  const store::attempts::ReserveCode& reserve;
  const store::mail_codes::CountTry& count_try;
  const db::Statement<db::Affected, LinkId>& give_try_back;
  const db::Statement<db::Affected, Subject>& give_back;
};
Counting counting_of(std::int64_t counted) {
  namespace attempts = store::attempts;
  namespace codes = store::mail_codes;
  switch (static_cast<Tries>(counted)) {
    case Tries::of_asker:
      return {attempts::reserve_code, codes::count_try, codes::give_try_back, attempts::give_code_back};
    case Tries::of_known_asker:
      return {attempts::reserve_code_of_known, codes::count_try, codes::give_try_back,
              attempts::give_known_code_back};
    case Tries::of_others:
      break;
  }
  return {attempts::reserve_code_of_others, codes::count_other_try, codes::give_other_try_back,
          attempts::give_code_back};
}

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
  const limits::EvenAnswer answer;
  const auto snapshot = services.keys.current();
  const auto known = read_handle(snapshot->ring(), handle, origin.now);
  const auto typed = read_code(code);
  if (!known.has_value() || !typed.has_value()) co_return Error(ErrorCode::invalid_link);
  const auto codes = codes_of(snapshot->ring(), known->mail, kind.purpose);
  const Counting counting = counting_of(known->counted);

  auto work = [&](db::Tx& tx) -> Result<Proof> {
    const std::string purpose(kind.purpose);
    const auto failed =
        tx.run(counting.reserve, most_codes_in_a_row, known->mail, purpose, most_tries, origin.now);
    if (!failed.has_value()) {
      tx.run(store::state::update_dummy);
      tx.run_later(store::state::update_dummy);
      return Error(ErrorCode::invalid_link);
    }
    const auto tried = tx.run(counting.count_try, known->mail, purpose, most_tries, origin.now);
    if (!tried.has_value()) {
      // Used up since the account's row was locked: nothing is compared, so nothing failed.
      tx.run_later(counting.give_back, failed->subject);
      return Error(ErrorCode::invalid_link);
    }
    if (!is_one_of(*typed, codes)) {
      if (failed->failed_codes == most_codes_in_a_row)
        record(tx, origin, events::codes_shut, Outcome("shut"), to_string(failed->subject));
      else if (limits::is_due_for_audit(services, events::code_tried.name, to_string(failed->subject),
                                        origin.now))
        record(tx, origin, events::code_tried, ErrorCode::invalid_link, to_string(failed->subject));
      else
        tx.run_later(store::state::update_dummy);
      return Error(ErrorCode::invalid_link);
    }
    tx.run_later(counting.give_try_back, known->mail);
    tx.run_later(store::attempts::forget_codes, tried->user_id);
    auto account = tx.run(users::find_contact_by_id, tried->user_id);
    if (!account.has_value() || account->security_version != tried->version ||
        !may_be_used(services, *account, origin.now))
      return Error(ErrorCode::invalid_link);
    return Proof{.id = known->mail,
                 .expires_at = known->asked_at + kind.ttl(services.settings),
                 .account = std::move(*account),
                 .detail = tried->detail};
  };
  auto proof = co_await services.database.write(work);
  co_await answer.wait();
  co_return proof;
}

bool spend(db::Tx& tx, const Proof& proof) {
  if (!tx.run(store::spent::consume_id, proof.id, proof.expires_at).has_value()) return false;
  tx.run_later(store::mail_codes::delete_code, proof.id);
  return true;
}

}  // namespace latchkey::flow::links
