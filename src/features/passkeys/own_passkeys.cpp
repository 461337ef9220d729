#include "features/passkeys/own_passkeys.h"

#include "base/field_errors.h"
#include "base/unicode.h"
#include "features/passkeys/events.h"
#include "flow/accounts/factor_notices.h"
#include "flow/accounts/factors.h"
#include "flow/accounts/ways_in.h"
#include "flow/signin/recovery_codes.h"
#include "store/factors.h"
#include "store/users.h"

namespace latchkey::features::passkeys {
namespace {

using flow::sessions::Recency;
using flow::sessions::write_as;

constexpr std::size_t longest_name = 64;

/// Whether somebody can still sign in once a passkey is gone.
bool leaves_a_way_in(db::Tx& tx, const flow::Services& services, UserId account, const Bytes& passkey) {
  const auto credentials = tx.run(store::users::find_credentials_by_id, account);
  if (credentials.has_value() && !store::factors::without_mark(credentials->password_hash).empty())
    return true;
  return flow::accounts::has_passkey_way_in(tx, services, account, passkey);
}

}  // namespace

void end_others(db::Tx& tx, const Owner& owner, const EndedSessions& others) {
  if (others.all_but.has_value()) flow::accounts::end_other_sessions(tx, owner.id, *others.all_but);
}

Task<std::vector<store::passkeys::Passkey>> list_own_passkeys(flow::Services& services, Owner owner) {
  co_return co_await services.database.run(store::passkeys::list_passkeys, owner.id);
}

Result<std::string> check_name(std::string_view name) {
  if (!is_valid_utf8(name) || has_control_characters(name))
    return invalid_field("body", "name", "value_error", "The name must be one line of text");
  const auto trimmed = trim(name);
  if (!has_visible_characters(trimmed))
    return invalid_field("body", "name", "string_too_short", "String should have at least 1 character");
  if (count_code_points(trimmed) > longest_name)
    return invalid_field("body", "name", "string_too_long", "String should have at most 64 characters");
  return std::string(trimmed);
}

Task<Result<>> rename_own_passkey(flow::Services& services, flow::Origin origin, Owner owner, Bytes passkey,
                                  std::string name) {
  const auto checked = check_name(name);
  if (checked.has_error()) co_return checked.error();
  auto work = [&](db::Tx& tx) -> Result<> {
    if (!tx.run(store::passkeys::update_name, *checked, passkey, owner.id).has_value())
      return Error(ErrorCode::passkey_not_found);
    flow::record(tx, origin, events::passkey_renamed, flow::ok, to_string(owner.subject));
    return {};
  };
  co_return co_await write_as(services, origin.now, asker_of(owner), Recency::recent, work);
}

Task<Result<>> remove_own_passkey(flow::Services& services, flow::Origin origin, Owner owner, Bytes passkey,
                                  EndedSessions others) {
  auto work = [&](db::Tx& tx) -> Result<> {
    const auto found = tx.run(store::passkeys::find_passkey, passkey);
    if (!found.has_value() || found->user_id != owner.id) return Error(ErrorCode::passkey_not_found);
    if (!leaves_a_way_in(tx, services, owner.id, passkey)) return Error(ErrorCode::last_way_in);
    tx.run(store::factors::raise_version, origin.now, owner.id);
    tx.run(store::passkeys::delete_passkey, passkey, owner.id);
    flow::signin::drop_recovery_codes_without_factor(tx, owner.id);
    flow::record(tx, origin, flow::accounts::factor_removed, flow::ok, to_string(owner.subject), "passkey");
    flow::accounts::tell_factor_removed(tx, services, origin, owner.id, "passkey");
    end_others(tx, owner, others);
    tx.run_later(store::factors::update_mark, owner.id);
    return {};
  };
  co_return co_await write_as(services, origin.now, asker_of(owner), Recency::recent, work);
}

}  // namespace latchkey::features::passkeys
