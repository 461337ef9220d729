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
#include "mail/counters.h"
#include "mail/queue.h"
#include "store/state.h"

namespace latchkey::flow::links {
namespace {

using store::users::Contact;

constexpr std::string_view version = "version";

mail::Values parameters_of(const Settings& settings, const Contact& account, Timestamp now) {
  return {{std::string(version), std::to_string(account.security_version)}, code_end(settings, now)};
}

/// The mail and its code, unless the account was sent enough already.
std::optional<LinkId> queue_mail(db::Tx& tx, const Services& services, const Origin& origin,
                                 const Request& request, const Contact& account,
                                 const std::string& language) {
  if (!claim_mail(tx, services.settings, request.kind, account.id, origin.now)) return std::nullopt;
  const LinkId id = mail::queue(tx, services.wake_mail,
                                {.message = std::string(request.message),
                                 .user = account.id,
                                 .recipient = account.email,
                                 .locale = language,
                                 .parameters = parameters_of(services.settings, account, origin.now),
                                 .link = std::string(request.kind.purpose),
                                 .now = origin.now});
  expect_code(tx, services.settings, request.kind, id, account.id, {}, origin.now);
  record(tx, origin, request.asked, ok, to_string(account.subject));
  return id;
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
  if (account.has_value() && accounts::has_lapsed(settings, *account, origin.now)) account.reset();
  if (auto spent = limits::take(services, limits::budgets::mails, origin.now)) co_return std::move(*spent);
  const bool may_get = account.has_value() && limits::may_get_mail(services, account->email_key, origin.now);
  bool is_new = false;
  auto work = [&](db::Tx& tx) -> std::optional<LinkId> {
    const UserId user = account.has_value() ? account->id : UserId{};
    const std::optional<LinkId> last = find_last_mail(tx, request.kind, user, origin.now);
    is_new = false;
    if (!may_get) {
      pretend_claim(tx, settings, request.kind, origin.now);
    } else if (const auto queued = queue_mail(tx, services, origin, request, *account, language)) {
      is_new = true;
      return queued;
    }
    if (account.has_value()) count_on_commit(tx, mail::counters::withheld);
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
  co_await answer.wait();
  co_return make_handle(services.keys.current()->ring(), settings, id, origin.now);
}

bool is_unchanged(const mail::Mail& mail) {
  const auto& account = mail.account;
  return account.has_value() && account->email == mail.recipient &&
         mail::value_of(mail.parameters, version) == std::to_string(account->security_version);
}

}  // namespace latchkey::flow::links
