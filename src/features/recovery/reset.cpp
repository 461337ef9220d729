#include "features/recovery/reset.h"

#include "features/recovery/events.h"
#include "features/recovery/reset_link.h"
#include "flow/accounts/change_password.h"
#include "flow/accounts/notice.h"
#include "flow/events.h"
#include "flow/links/prove.h"
#include "flow/signin/devices.h"
#include "store/factors.h"

namespace latchkey::features::recovery {
namespace {

using flow::links::Proof;

Task<Result<Proof>> prove(flow::Services& services, flow::Origin origin, Means means) {
  if (auto* link = std::get_if<ByLink>(&means)) {
    co_return co_await flow::links::look_at_link(services, std::move(origin), reset_link,
                                                 std::move(link->token));
  }
  auto& code = std::get<ByCode>(means);
  co_return co_await flow::links::try_code(services, std::move(origin), reset_link, std::move(code.handle),
                                           std::move(code.code));
}

/// The new password, and the notice to its owner.
Result<> write_password(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                        const Proof& proof, const std::string& hash, const std::string& language) {
  const auto& account = proof.account;
  const auto device =
      flow::signin::device_id(services.keys.current()->ring(), account.subject, flow::client_of(origin));
  const auto changed = flow::accounts::change_password_by_mail(tx, origin, account, hash, device);
  if (changed.has_error()) return changed.error();
  flow::accounts::queue_notice(tx, services, origin, account, changed_message, {}, language);
  // A link that reached the address has confirmed it as well.
  flow::record(tx, origin, events::password_reset, flow::ok, to_string(account.subject),
               account.is_proved ? std::string_view() : "confirmed the address");
  return {};
}

}  // namespace

Task<Result<std::string>> find_address_of_link(flow::Services& services, flow::Origin origin,
                                               std::string token) {
  auto proof = co_await flow::links::look_at_link(services, std::move(origin), reset_link, std::move(token));
  if (proof.has_error()) co_return proof.error();
  co_return std::move(proof->account.email);
}

Task<Result<>> reset_password(flow::Services& services, flow::Origin origin, Means means, Secret password,
                              std::string language) {
  const auto proof = co_await prove(services, origin, std::move(means));
  if (proof.has_error()) {
    flow::note(origin, events::password_reset, proof.error().code);
    co_return proof.error();
  }
  const auto account =
      co_await services.database.run(store::users::find_credentials_by_id, proof->account.id);
  // Not the one that the owner has forgotten, but one that somebody else used.
  std::string stolen(account.has_value() ? store::factors::void_hash(account->password_hash)
                                         : std::string_view());
  const auto hash = co_await flow::accounts::hash_new_password(
      services, flow::client_of(origin), proof->account, std::move(password), std::move(stolen));
  if (hash.has_error()) co_return hash.error();
  auto work = [&](db::Tx& tx) { return write_password(tx, services, origin, *proof, *hash, language); };
  const auto written = co_await services.database.write(work);
  if (written.has_error()) flow::note(origin, events::password_reset, written.error().code);
  co_return written;
}

}  // namespace latchkey::features::recovery
