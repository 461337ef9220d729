#include "app/cli/key_commands.h"

#include <fmt/format.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

#include "app/cli/table.h"
#include "base/unicode.h"
#include "flow/keys/rotation.h"
#include "store/signing_keys.h"

namespace latchkey::app::cli {
namespace {

using store::signing_keys::Key;

/// In the order in which they take over from one another.
std::vector<Key> list(Context& context) {
  auto keys = context.services.database.run_now(store::signing_keys::list_keys);
  std::ranges::stable_sort(keys, {}, &Key::activates_at);
  return keys;
}

/// The youngest that is active signs, as KeySnapshot::signer has it.
std::string_view state_of(const std::vector<Key>& keys, std::size_t index, Timestamp now) {
  if (keys[index].activates_at > now) return "waiting";
  const bool last = index + 1 == keys.size() || keys[index + 1].activates_at > now;
  return last ? "signing" : "retired";
}

}  // namespace

int execute(const KeysList& command, Context& context) {
  const auto keys = list(context);
  JsonArray array(context.console);
  Table table(context.console, {"KID", "CREATED", "SIGNS FROM", "STATE"});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string created = format_rfc3339(keys[i].created_at);
    const std::string activates = format_rfc3339(keys[i].activates_at);
    const std::string state(state_of(keys, i, context.origin.now));
    if (command.format == Format::json) {
      const boost::json::object object{
          {"kid", keys[i].kid}, {"created_at", created}, {"activates_at", activates}, {"state", state}};
      array.add(boost::json::serialize(object));
    } else {
      table.add({keys[i].kid, created, activates, state});
    }
  }
  if (command.format == Format::json) {
    array.finish();
  } else {
    table.flush();
  }
  return exit_done;
}

int execute(const KeysRotate&, Context& context) {
  auto& services = context.services;
  const auto made = flow::keys::rotate_keys(services.database, services.keys, services.settings,
                                            context.origin, flow::keys::RotationCause::operator_request);
  const auto keys = list(context);
  if (keys.empty()) return refuse(context.console, ErrorCode::key_not_found);
  const std::string from = format_rfc3339(keys.back().activates_at);
  if (made.has_value()) {
    context.console.out(fmt::format("key {} is published now and signs from {}\n", *made, from));
  } else {
    context.console.out(fmt::format("key {} is already waiting; it signs from {}\n", keys.back().kid, from));
  }
  return exit_done;
}

int execute(const KeysRevoke& command, Context& context) {
  auto& services = context.services;
  // No id of a key, and PostgreSQL takes no such text.
  if (!is_valid_utf8(command.kid)) return refuse(context.console, ErrorCode::key_not_found);
  const auto revoked = flow::keys::revoke_key(services.database, services.keys, context.origin, command.kid);
  if (revoked.has_error()) return refuse(context.console, revoked.error());
  context.console.out(
      fmt::format("key {} is revoked, with every token that it signed\n", printable(command.kid)));
  return exit_done;
}

int execute(const KeysRekey&, Context& context) {
  auto& services = context.services;
  const auto sealed = flow::keys::rekey(services.database, services.keys, context.origin);
  context.console.out(
      fmt::format("{} key(s) and {} authenticator app(s) sealed again under the current master secret\n",
                  sealed.signing_keys, sealed.authenticator_apps));
  if (sealed.unreadable == 0) return exit_done;
  context.console.err(fmt::format(
      "{} authenticator app(s) were sealed under a master secret that is not known here: put it into "
      "master_secret_previous, or remove these factors\n",
      sealed.unreadable));
  return exit_refused;
}

}  // namespace latchkey::app::cli
