#include "app/cli/named_user.h"

#include "base/email_address.h"

namespace latchkey::app::cli {

namespace users = store::users;

std::optional<users::User> find_named(db::Tx& tx, const Context& context, const UserName& name) {
  if (const auto* id = std::get_if<UserId>(&name)) return tx.run(users::find_user, context.origin.now, *id);
  const auto address = parse_email_address(std::get<std::string>(name),
                                           context.services.settings.accounts.domains_without_dot);
  if (address.has_error()) return std::nullopt;
  return tx.run(users::find_user_by_email, context.origin.now, address->key.value);
}

}  // namespace latchkey::app::cli
