#include "features/confirmation/request_email.h"

#include "base/email_address.h"
#include "base/field_errors.h"
#include "flow/accounts/confirmation_mail.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/limits/budget.h"
#include "mail/counters.h"
#include "store/state.h"
#include "store/users.h"

namespace latchkey::features::confirmation {

Task<Result<EmailRequest>> request_email(flow::Services& services, flow::Origin origin, std::string email,
                                         std::string language) {
  const auto& settings = services.settings;
  const auto parsed = parse_email_address(email, settings.accounts.domains_without_dot);
  if (!parsed.has_value()) {
    co_return invalid_field("body", "email", "value_error.email", std::string(parsed.error().reason));
  }
  auto contact = co_await services.database.run(store::users::find_contact, parsed->key.value);
  if (contact.has_value() && flow::accounts::has_lapsed(settings, *contact, origin.now)) contact.reset();
  if (contact.has_value() && contact->confirmed) co_return EmailRequest::already_confirmed;

  namespace limits = flow::limits;
  if (auto spent = limits::take(services, limits::budgets::mails, origin.now)) co_return std::move(*spent);
  const bool may_get = contact.has_value() && limits::may_get_mail(services, contact->email_key, origin.now);
  const auto interval = settings.limits.enabled ? settings.limits.mail_interval : Microseconds{0};
  auto work = [&](db::Tx& tx) {
    if (may_get) {
      const auto id = tx.run(store::users::update_mailed_at, origin.now, contact->id, origin.now - interval);
      if (id.has_value()) {
        mail::queue(tx, services.wake_mail,
                    flow::accounts::confirmation_mail(*id, contact->email, language, origin.now));
        return true;
      }
    }
    // Every case is to cost two round trips.
    if (may_get) {
      tx.run_later(store::state::update_dummy);
    } else {
      tx.run(store::state::update_dummy);
    }
    return false;
  };
  const bool queued = co_await services.database.write(work);
  if (queued) limits::note_mail_to(services, contact->email_key, origin.now);
  if (!queued) limits::give_back(services, limits::budgets::mails);
  if (!queued && contact.has_value()) mail::counters::withheld.add();
  co_return EmailRequest::check_your_mail;
}

}  // namespace latchkey::features::confirmation
