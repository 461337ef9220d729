#pragma once

#include <optional>
#include <string_view>

#include "app/cli/command.h"
#include "app/cli/context.h"
#include "db/tx.h"
#include "store/users.h"

/// An account as operators name it, and as they read it.
namespace latchkey::app::cli {

/// Whom the operator means; read inside the transaction that goes on with it.
std::optional<store::users::User> find_named(db::Tx& tx, const Context& context, const UserName& name);

constexpr std::string_view yes_or_no(bool truth) { return truth ? "yes" : "no"; }
inline std::string_view access_word(const store::users::User& user) {
  return user.is_active ? "allowed" : "blocked";
}
inline std::string_view status_word(const store::users::User& user) {
  return user.has_live_session ? "active" : "inactive";
}

}  // namespace latchkey::app::cli
