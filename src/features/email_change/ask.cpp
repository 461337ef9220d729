#include "features/email_change/ask.h"

#include "base/email_address.h"
#include "base/field_errors.h"
#include "crypto/random.h"
#include "features/email_change/events.h"
#include "features/email_change/links.h"
#include "features/email_change/mails.h"
#include "flow/accounts/held_address.h"
#include "flow/accounts/notice.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/events.h"
#include "flow/limits/budget.h"
#include "flow/links/make.h"
#include "flow/sessions/hold_caller.h"
#include "flow/signin/devices.h"
#include "mail/queue.h"
#include "store/state.h"
#include "store/users.h"

namespace latchkey::features::email_change {
namespace {

namespace users = store::users;

constexpr std::string_view kept = "kept";
constexpr std::string_view ended = "ended";

/// Whether another account has the address, or may take it back.
bool is_taken(db::Tx& tx, const flow::Services& services, const std::string& key, Timestamp now) {
  const auto holder = tx.run(users::find_contact, key);
  const bool is_held = flow::accounts::find_holder(tx, key, now).has_value();
  return is_held || (holder.has_value() && !flow::accounts::has_lapsed(services.settings, *holder, now));
}

}  // namespace

std::string write_wanted(const Wanted& wanted) {
  std::string detail = to_string(wanted.asked_by);
  detail.append(" ").append(wanted.keep_sessions ? kept : ended).append(" ").append(wanted.address);
  return detail;
}

std::optional<Wanted> read_wanted(std::string_view detail) {
  const auto first = detail.find(' ');
  const auto second = first == std::string_view::npos ? first : detail.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto session = parse_id<SessionId>(detail.substr(0, first));
  if (!session.has_value()) return std::nullopt;
  return Wanted{.address = std::string(detail.substr(second + 1)),
                .asked_by = *session,
                .keep_sessions = detail.substr(first + 1, second - first - 1) == kept};
}

Task<Result<std::string>> ask_for_change(flow::Services& services, flow::Origin origin,
                                         flow::sessions::Caller caller, Ask ask) {
  namespace limits = flow::limits;
  const auto& settings = services.settings;
  const auto address = parse_email_address(ask.email, settings.accounts.domains_without_dot);
  if (!address.has_value())
    co_return invalid_field("body", "email", "value_error.email", std::string(address.error().reason));
  const auto account = co_await services.database.run(users::find_contact_by_id, caller.user.id);
  if (!account.has_value()) co_return Error(ErrorCode::invalid_token);
  if (account->email_key == address->key.value)
    co_return invalid_field("body", "email", "value_error", "is the address of the account already");
  if (auto spent = limits::take(services, limits::budgets::mails, origin.now)) co_return std::move(*spent);
  const auto device = co_await flow::signin::find_device(services, client_of(origin), account->subject);
  const limits::Asker asker{.device = device.id, .is_known = device.known.has_value()};
  const limits::Mailed mailed{
      .email_key = address->key.value, .purpose = change_link.purpose, .is_for_known_device = asker.is_known};
  const bool may_get = limits::may_get_mail(services, mailed, origin.now);
  const std::string detail = write_wanted(
      {.address = address->address, .asked_by = caller.session, .keep_sessions = ask.keep_sessions});
  const std::string subject = to_string(account->subject);

  bool is_mailed = false;
  auto work = [&](db::Tx& tx) -> Result<LinkId> {
    is_mailed = false;
    if (flow::accounts::find_undo_end(tx, account->id, origin.now).has_value())
      return Error(ErrorCode::address_changed_lately);
    if (!flow::links::claim_mail(tx, settings, change_link, account->id, asker, origin.now).is_granted) {
      const auto wait = std::chrono::ceil<Seconds>(settings.limits.mail_interval);
      return Error(ErrorCode::too_many_requests, wait);
    }
    LinkId id = crypto::new_link_id();
    is_mailed = !is_taken(tx, services, address->key.value, origin.now) && may_get;
    if (is_mailed) {
      id = mail::queue(tx, services.wake_mail,
                       {.message = std::string(change_message),
                        .user = account->id,
                        .recipient = address->address,
                        .locale = ask.language,
                        .parameters = change_parameters(settings, *account, asker, origin.now),
                        .link = std::string(change_link.purpose),
                        .now = origin.now});
    } else {
      tx.run_later(store::state::update_dummy);
    }
    flow::links::expect_code(tx, settings, change_link, id, account->id, detail, origin.now, asker);
    flow::accounts::queue_notice(tx, services, origin, *account, asked_message,
                                 {{"new_email", address->address}}, ask.language);
    flow::record(tx, origin, events::change_asked, flow::ok, subject);
    return id;
  };
  const auto mail = co_await flow::sessions::write_as(services, origin.now, asker_of(caller),
                                                      flow::sessions::Recency::recent, work);
  if (is_mailed && mail.has_value()) {
    limits::note_mail_to(services, mailed, origin.now);
  } else {
    limits::give_back(services, limits::budgets::mails);
  }
  if (mail.has_error()) {
    flow::note(origin, events::change_asked, mail.error().code, subject);
    co_return mail.error();
  }
  const flow::links::Expected expected{.mail = *mail, .tries = flow::links::tries_of(asker)};
  co_return flow::links::make_handle(services.keys.current()->ring(), settings, expected, origin.now);
}

}  // namespace latchkey::features::email_change
