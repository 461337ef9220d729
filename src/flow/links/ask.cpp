#include "flow/links/ask.h"

#include <optional>

#include "base/email_address.h"
#include "base/field_errors.h"
#include "crypto/random.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/limits/budget.h"
#include "flow/limits/even_answer.h"
#include "flow/links/mail_values.h"
#include "flow/links/make.h"
#include "flow/links/prove.h"
#include "flow/signin/devices.h"
#include "mail/counters.h"
#include "mail/queue.h"
#include "store/state.h"

namespace latchkey::flow::links {
namespace {

using store::users::Contact;

constexpr std::string_view version = "version";

mail::Values parameters_of(const Settings& settings, const Contact& account, const limits::Asker& asker,
                           Timestamp now) {
  return {{std::string(version), std::to_string(account.security_version)},
          code_end(settings, now),
          code_asker(asker)};
}

/// The mail and its code.
Expected queue_mail(db::Tx& tx, const Services& services, const Origin& origin, const Request& request,
                    const Contact& account, const limits::Asker& asker, const std::string& language) {
  const LinkId id = mail::queue(tx, services.wake_mail,
                                {.message = std::string(request.message),
                                 .user = account.id,
                                 .recipient = account.email,
                                 .locale = language,
                                 .parameters = parameters_of(services.settings, account, asker, origin.now),
                                 .link = std::string(request.kind.purpose),
                                 .now = origin.now});
  expect_code(tx, services.settings, request.kind, id, account.id, {}, origin.now, asker);
  record(tx, origin, request.asked, ok, to_string(account.subject));
  return {.mail = id, .tries = tries_of(asker)};
}

/// What mail, code and audit cost the store, for an address that gets none: its answer must not come sooner.
void spend_as_much(db::Tx& tx) {
  for (int i = 0; i < 3; ++i) tx.run_later(store::state::update_dummy);
}

}  // namespace

Task<Result<std::string>> ask_for_mail(Services& services, Origin origin, Request request, std::string email,
                                       std::string language) {
  const limits::EvenAnswer answer;
  const auto& settings = services.settings;
  const auto address = parse_email_address(email, settings.accounts.domains_without_dot);
  if (!address.has_value()) {
    co_return invalid_field("body", "email", "value_error.email", std::string(address.error().reason));
  }
  auto account = co_await services.database.run(store::users::find_contact, address->key.value);
  // None of these gets a mail. From here on each costs what an address of nobody costs.
  if (account.has_value() && (!account->is_active || accounts::has_lapsed(settings, *account, origin.now)))
    account.reset();
  const UserId user = account.has_value() ? account->id : UserId{};
  const Subject subject = account.has_value() ? account->subject : Subject{};
  const auto device = co_await signin::find_device(services, client_of(origin), subject);
  const limits::Asker asker{.device = device.id, .is_known = device.known.has_value()};
  if (auto spent = limits::take(services, limits::budgets::mails, origin.now)) co_return std::move(*spent);
  const limits::Mailed mailed{.email_key = address->key.value,
                              .purpose = request.kind.purpose,
                              .is_for_known_device = asker.is_known};
  const bool may_get = limits::may_get_mail(services, mailed, origin.now);
  bool is_new = false;
  auto work = [&](db::Tx& tx) -> std::optional<Expected> {
    is_new = false;
    std::optional<Expected> last;
    if (account.has_value()) {
      const Claim claim = claim_mail(tx, settings, request.kind, user, asker, origin.now);
      if (claim.is_granted && may_get) {
        is_new = true;
        return queue_mail(tx, services, origin, request, *account, asker, language);
      }
      last = claim.last;
      count_on_commit(tx, mail::counters::withheld);
    } else {
      pretend_claim(tx, settings, request.kind, origin.now);
    }
    spend_as_much(tx);
    return last;
  };
  const std::optional<Expected> expected = co_await services.database.write(work);
  if (is_new) {
    limits::note_mail_to(services, mailed, origin.now);
  } else {
    limits::give_back(services, limits::budgets::mails);
  }
  co_await answer.wait();
  co_return make_handle(services.keys.current()->ring(), settings,
                        expected.value_or(Expected{.mail = crypto::new_link_id()}), origin.now);
}

bool is_unchanged(const mail::Mail& mail) {
  const auto& account = mail.account;
  return account.has_value() && account->email == mail.recipient &&
         mail::value_of(mail.parameters, version) == std::to_string(account->security_version);
}

}  // namespace latchkey::flow::links
