#include "features/not_me/secure.h"

#include "flow/accounts/held_address.h"
#include "flow/accounts/notice.h"
#include "flow/accounts/take_back.h"
#include "flow/accounts/unproved_ways_in.h"
#include "store/spent.h"

namespace latchkey::features::not_me {
namespace {

namespace accounts = flow::accounts;
namespace jose = crypto::jose;
namespace users = store::users;
namespace scheduled = store::scheduled;

constinit metrics::Counter secured{R"(outcome="ok")"};
constinit metrics::Counter refused{R"(outcome="refused")"};
constexpr metrics::Family families[] = {
    {"latchkey_accounts_secured_total",
     "Accounts that their owners took back with the link of a notice, and links that were refused.",
     {&secured, &refused}},
};

/// The address of the mailbox that the notice went to, by the hold on it.
struct Found {
  Secure::Former former;
  bool was_proved = true;
};
Task<Result<Found>> find_former(flow::Services& services, Timestamp now, UserId account,
                                jose::AddressFingerprint mailbox) {
  const std::string kind(scheduled::email_undo);
  auto row = co_await services.database.run(scheduled::find_of_user, account, kind);
  if (!row.has_value() || row->due_at <= now) co_return Error(ErrorCode::invalid_link);
  const auto held = accounts::read_held(row->detail);
  if (!held.has_value()) co_return Error(ErrorCode::invalid_link);
  auto address = parse_email_address(held->address, services.settings.accounts.domains_without_dot);
  if (!address.has_value() || jose::address_fingerprint(address->key.value) != mailbox)
    co_return Error(ErrorCode::invalid_link);
  co_return Found{.former = {.address = std::move(*address), .row = std::move(*row)},
                  .was_proved = held->was_proved};
}

Result<> write(db::Tx& tx, const flow::Services& services, const flow::Origin& origin, const Secure& secure,
               const std::string& language) {
  const auto& account = secure.account;
  if (!tx.run(users::hold_active, account.id).has_value()) return Error(ErrorCode::invalid_link);
  // An address that was changed just now needs the hold on the one that the notice went to.
  const auto now = tx.run(users::find_contact_by_id, account.id);
  if (!now.has_value() || now->email_key != account.email_key ||
      tx.run(store::spent::find_id, secure.link).has_value())
    return Error(ErrorCode::invalid_link);
  if (secure.former.has_value() &&
      !accounts::give_address_back(tx, origin, secure.former->row, secure.former->address))
    return Error(ErrorCode::invalid_link);
  tx.run(store::spent::consume_id, secure.link, secure.expires_at);
  if (!secure.was_proved) {
    accounts::drop_unproved_ways_in(tx, account.id);
    tx.run_later(users::update_proved, account.id);
  }
  accounts::take_back(tx, origin, account.id, secure.since);
  users::Contact owner = account;
  if (secure.former.has_value()) owner.email = secure.former->address.address;
  accounts::queue_notice(tx, services, origin, owner, secured_message, {}, language);
  flow::record(tx, origin, account_secured, flow::ok, to_string(account.subject),
               secure.former.has_value() ? "with the former address" : "");
  return {};
}

}  // namespace

constinit const flow::Event account_secured{.name = "account_secured",
                                            .counted = {{flow::ok, &secured}},
                                            .otherwise = &refused,
                                            .line = {.name = "account.secured", .level = log::Level::warn}};
constinit const metrics::Families counters = families;

Task<Result<Secure>> look_at_link(flow::Services& services, flow::Origin origin, std::string token) {
  const auto& kind = accounts::not_me_link;
  const auto snapshot = services.keys.current();
  const auto claims = jose::read_own_token(kind.token, token, snapshot->ring().keys(kind.key));
  if (!claims.has_value() || claims->exp <= to_numeric_date(origin.now))
    co_return Error(ErrorCode::invalid_link);
  auto account = co_await services.database.run(users::find_contact_by_subject, claims->sub);
  const auto spent = co_await services.database.run(store::spent::find_id, claims->jti);
  if (!account.has_value() || !account->is_active || spent.has_value())
    co_return Error(ErrorCode::invalid_link);
  Secure secure{.link = claims->jti,
                .expires_at = Timestamp{Seconds{claims->exp}},
                .since = Timestamp{Seconds{claims->iat}},
                .account = std::move(*account)};
  secure.was_proved = secure.account.is_proved;
  if (jose::address_fingerprint(secure.account.email_key) != claims->address) {
    auto former = co_await find_former(services, origin.now, secure.account.id, claims->address);
    if (former.has_error()) co_return former.error();
    secure.was_proved = former->was_proved;
    secure.former = std::move(former->former);
  }
  co_return secure;
}

Task<Result<>> secure_account(flow::Services& services, flow::Origin origin, std::string token,
                              std::string language) {
  const auto secure = co_await look_at_link(services, origin, std::move(token));
  Result<> done;
  if (secure.has_error()) {
    done = secure.error();
  } else {
    auto work = [&](db::Tx& tx) { return write(tx, services, origin, *secure, language); };
    done = co_await services.database.write(work);
  }
  if (done.has_error()) flow::note(origin, account_secured, done.error().code);
  co_return done;
}

}  // namespace latchkey::features::not_me
