#include "features/confirmation/request_email.h"

#include "base/email_address.h"
#include "base/field_errors.h"
#include "flow/accounts/confirmation_mail.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/limits/budget.h"
#include "flow/limits/even_answer.h"
#include "flow/limits/sent_mails.h"
#include "mail/counters.h"
#include "store/state.h"
#include "store/users.h"

namespace latchkey::features::confirmation {
namespace {

/// The account, if it may be sent one more mail. Every case costs the store two round trips.
std::optional<UserId> claim_mail(db::Tx& tx, const Settings& settings,
                                 const std::optional<store::users::Contact>& contact, Timestamp now) {
  const Microseconds interval = settings.limits.enabled ? settings.limits.mail_interval : Microseconds{0};
  std::optional<UserId> claimed;
  if (contact.has_value()) {
    claimed = tx.run(store::users::update_mailed_at, now, contact->id, now - interval);
  } else {
    tx.run(store::state::update_dummy);
  }
  const UserId account = contact.has_value() ? contact->id : UserId{};
  const auto sent =
      flow::limits::count_sent(tx, settings, flow::accounts::confirmation_message, account, {}, now);
  return sent.may_be_one_more ? claimed : std::nullopt;
}

}  // namespace

Task<Result<EmailRequest>> request_email(flow::Services& services, flow::Origin origin, std::string email,
                                         std::string language) {
  const flow::limits::EvenAnswer answer;
  const auto& settings = services.settings;
  const auto parsed = parse_email_address(email, settings.accounts.domains_without_dot);
  if (!parsed.has_value()) {
    co_return invalid_field("body", "email", "value_error.email", std::string(parsed.error().reason));
  }
  auto contact = co_await services.database.run(store::users::find_contact, parsed->key.value);
  if (contact.has_value() && flow::accounts::has_lapsed(settings, *contact, origin.now)) contact.reset();
  if (contact.has_value() && contact->is_proved) co_return EmailRequest::already_confirmed;

  namespace limits = flow::limits;
  if (auto spent = limits::take(services, limits::budgets::mails, origin.now)) co_return std::move(*spent);
  const limits::Mailed mailed{.email_key = parsed->key.value,
                              .purpose = flow::accounts::confirmation_message};
  const bool may_get = limits::may_get_mail(services, mailed, origin.now);
  auto work = [&](db::Tx& tx) {
    const std::optional<UserId> account = claim_mail(tx, settings, contact, origin.now);
    if (!account.has_value() || !may_get) {
      for (int i = 0; i < 2; ++i) tx.run_later(store::state::update_dummy);
      return false;
    }
    const LinkId mail =
        mail::queue(tx, services.wake_mail,
                    flow::accounts::confirmation_mail(*account, contact->email, language, origin.now));
    limits::count_mail(tx, settings,
                       {.purpose = flow::accounts::confirmation_message, .id = mail, .account = *account},
                       origin.now);
    return true;
  };
  const bool queued = co_await services.database.write(work);
  if (queued) limits::note_mail_to(services, mailed, origin.now);
  if (!queued) limits::give_back(services, limits::budgets::mails);
  if (!queued && contact.has_value()) mail::counters::withheld.add();
  co_await answer.wait();
  co_return EmailRequest::check_your_mail;
}

}  // namespace latchkey::features::confirmation
