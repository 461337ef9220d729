#include "flow/accounts/factor_notices.h"

#include "flow/accounts/notice.h"
#include "store/recovery_codes.h"

namespace latchkey::flow::accounts {
namespace {

void tell(db::Tx& tx, const Services& services, const Origin& origin, UserId account,
          std::string_view message, mail::Values parameters) {
  const auto owner = tx.run(store::users::find_contact_by_id, account);
  if (owner.has_value()) queue_notice(tx, services, origin, *owner, message, std::move(parameters));
}

}  // namespace

void tell_factor_added(db::Tx& tx, const Services& services, const Origin& origin, UserId account,
                       std::string_view factor) {
  tell(tx, services, origin, account, factor_added_message, {{"factor", std::string(factor)}});
}

void tell_factor_removed(db::Tx& tx, const Services& services, const Origin& origin, UserId account,
                         std::string_view factor) {
  tell(tx, services, origin, account, factor_removed_message, {{"factor", std::string(factor)}});
}

void tell_recovery_codes_made(db::Tx& tx, const Services& services, const Origin& origin, UserId account) {
  tell(tx, services, origin, account, recovery_codes_made_message, {});
}

void tell_recovery_code_used(db::Tx& tx, const Services& services, const Origin& origin, UserId account) {
  const auto left = tx.run(store::recovery_codes::count_codes, account).value_or(0);
  tell(tx, services, origin, account, recovery_code_used_message, {{"left", std::to_string(left)}});
}

}  // namespace latchkey::flow::accounts
