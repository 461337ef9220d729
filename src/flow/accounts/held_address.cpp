#include "flow/accounts/held_address.h"

#include <algorithm>

#include "crypto/sha256.h"
#include "store/scheduled.h"

namespace latchkey::flow::accounts {

namespace {
constexpr std::string_view unproved = " unproved ";
}

LinkId id_of_held(std::string_view email_key) {
  std::string message("email_undo ");
  message += email_key;
  const auto digest = crypto::sha256(message);
  LinkId id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

std::optional<Subject> find_holder(db::Tx& tx, std::string_view email_key, Timestamp now) {
  return tx.run(store::scheduled::find_owner_of_open, id_of_held(email_key), now);
}

Task<std::optional<Subject>> find_holder(Services& services, std::string email_key, Timestamp now) {
  co_return co_await services.database.run(store::scheduled::find_owner_of_open, id_of_held(email_key), now);
}

std::optional<Timestamp> find_undo_end(db::Tx& tx, UserId account, Timestamp now) {
  const auto undo =
      tx.run(store::scheduled::find_of_user, account, std::string(store::scheduled::email_undo));
  if (!undo.has_value() || undo->due_at <= now) return std::nullopt;
  return undo->due_at;
}

std::string write_held(const Held& held) {
  std::string detail = to_string(held.mail);
  return detail.append(held.was_proved ? " " : unproved).append(held.address);
}

std::optional<Held> read_held(std::string_view detail) {
  const auto blank = detail.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const auto mail = parse_id<LinkId>(detail.substr(0, blank));
  if (!mail.has_value()) return std::nullopt;
  // No address holds a blank.
  const bool was_proved = !detail.substr(blank).starts_with(unproved);
  detail.remove_prefix(was_proved ? blank + 1 : blank + unproved.size());
  return Held{.mail = *mail, .address = std::string(detail), .was_proved = was_proved};
}

}  // namespace latchkey::flow::accounts
