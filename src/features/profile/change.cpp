#include "features/profile/change.h"

#include <algorithm>

#include "base/field_errors.h"
#include "db/error.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/accounts/validation.h"
#include "flow/events.h"

namespace latchkey::features::profile {
namespace {

namespace users = store::users;
using flow::accounts::Username;

constexpr flow::Event username_changed{.name = "username_changed"};

constexpr std::size_t longest_tag = 35;  // BCP 47 §4.4.1

/// Of the form of a language tag (RFC 5646 §2.1): parts of one to eight letters and digits.
bool is_language_tag(std::string_view text) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  std::size_t part = 0;
  for (const char c : text) {
    if (c == '-' && part == 0) return false;
    if (c != '-' && !is_letter_or_digit(c)) return false;
    part = c == '-' ? 0 : part + 1;
    if (part > 8) return false;
  }
  return part > 0 && text.size() <= longest_tag;
}

Result<> check_language(const std::optional<std::string>& language) {
  if (!language.has_value() || language->empty() || is_language_tag(*language)) return {};
  return invalid_field("body", "language", "value_error", "is not a language tag, such as en or de-AT");
}

/// The account is held by then.
Result<> write(db::Tx& tx, const flow::Services& services, const flow::Origin& origin, UserId account,
               const std::optional<Username>& username, const std::optional<std::string>& language) {
  if (username.has_value()) {
    if (username->key.has_value())
      flow::accounts::remove_lapsed_holders(tx, services.settings, origin, "", username->key);
    const auto changed = tx.run(users::update_username, username->name, username->key, origin.now, account);
    if (!changed.has_value()) return Error(ErrorCode::username_taken);
    flow::record(tx, origin, username_changed, flow::ok, origin.actor);
  }
  if (language.has_value()) tx.run(users::update_language, *language, origin.now, account);
  return {};
}

}  // namespace

Task<Result<users::User>> change_profile(flow::Services& services, flow::Origin origin,
                                         flow::sessions::Asker asker, Change change) {
  const UserId account = asker.user;
  std::optional<Username> username;
  if (change.username.has_value()) {
    auto checked = flow::accounts::check_username(services.settings, *change.username);
    if (checked.has_error()) co_return checked.error();
    username = std::move(*checked);
  }
  if (const auto checked = check_language(change.language); checked.has_error()) co_return checked.error();
  auto work = [&](db::Tx& tx) { return write(tx, services, origin, account, username, change.language); };
  Result<> written;
  try {
    written =
        co_await flow::sessions::write_as(services, origin.now, asker, flow::sessions::Recency::any, work);
  } catch (const db::ConstraintViolation&) {
    // Somebody has taken the name at the same moment.
    written = Error(ErrorCode::username_taken);
  }
  if (written.has_error()) co_return written.error();
  auto user = co_await services.database.run(users::find_user, origin.now, account);
  if (!user.has_value()) co_return Error(ErrorCode::invalid_token);
  co_return std::move(*user);
}

}  // namespace latchkey::features::profile
