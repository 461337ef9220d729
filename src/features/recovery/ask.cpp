#include "features/recovery/ask.h"

#include <optional>

#include "base/email_address.h"
#include "base/field_errors.h"
#include "crypto/random.h"
#include "features/recovery/events.h"
#include "features/recovery/mails.h"
#include "features/recovery/reset_link.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/events.h"
#include "flow/limits/budget.h"
#include "flow/links/make.h"
#include "mail/counters.h"
#include "mail/queue.h"
#include "store/state.h"
#include "store/users.h"

namespace latchkey::features::recovery {
namespace {

using store::users::Contact;

/// The mail and its code, unless the account was sent enough already.
std::optional<LinkId> queue_mail(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                                 const Contact& account, const std::string& language) {
  if (!flow::links::claim_mail(tx, services.settings, reset_link, account.id, origin.now))
    return std::nullopt;
  const LinkId id = mail::queue(tx, services.wake_mail,
                                {.message = std::string(reset_message),
                                 .user = account.id,
                                 .recipient = account.email,
                                 .locale = language,
                                 .parameters = reset_parameters(services.settings, account, origin.now),
                                 .link = std::string(reset_link.purpose),
                                 .now = origin.now});
  flow::links::expect_code(tx, services.settings, reset_link, id, account.id, {}, origin.now);
  flow::record(tx, origin, events::reset_asked, flow::ok, to_string(account.subject));
  return id;
}

/// What mail, code and audit cost the store, for an address that gets none: its answer must not come sooner.
void spend_as_much(db::Tx& tx) {
  for (int i = 0; i < 3; ++i) tx.run_later(store::state::update_dummy);
}

}  // namespace

Task<Result<std::string>> ask_for_reset(flow::Services& services, flow::Origin origin, std::string email,
                                        std::string language) {
  const auto& settings = services.settings;
  const auto address = parse_email_address(email, settings.accounts.domains_without_dot);
  if (!address.has_value()) {
    co_return invalid_field("body", "email", "value_error.email", std::string(address.error().reason));
  }
  auto account = co_await services.database.run(store::users::find_contact, address->key.value);
  if (account.has_value() && flow::accounts::has_lapsed(settings, *account, origin.now)) account.reset();
  namespace limits = flow::limits;
  if (auto spent = limits::take(services, limits::budgets::mails, origin.now)) co_return std::move(*spent);
  const bool may_get = account.has_value() && limits::may_get_mail(services, account->email_key, origin.now);
  bool is_new = false;
  auto work = [&](db::Tx& tx) -> std::optional<LinkId> {
    const UserId user = account.has_value() ? account->id : UserId{};
    const std::optional<LinkId> last = flow::links::find_last_mail(tx, reset_link, user, origin.now);
    is_new = false;
    if (!may_get) {
      flow::links::pretend_claim(tx, settings, reset_link, origin.now);
    } else if (const auto queued = queue_mail(tx, services, origin, *account, language)) {
      is_new = true;
      return queued;
    }
    if (account.has_value()) flow::count_on_commit(tx, mail::counters::withheld);
    spend_as_much(tx);
    return last;
  };
  const std::optional<LinkId> mail = co_await services.database.write(work);
  if (is_new) {
    limits::note_mail_to(services, account->email_key, origin.now);
  } else {
    limits::give_back(services, limits::budgets::mails);
  }
  const LinkId id = mail.has_value() ? *mail : crypto::new_link_id();
  co_return flow::links::make_handle(services.keys.current()->ring(), settings, id, origin.now);
}

}  // namespace latchkey::features::recovery
