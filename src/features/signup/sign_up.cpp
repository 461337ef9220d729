#include "features/signup/sign_up.h"

#include <utility>

#include "crypto/random.h"
#include "features/signup/events.h"
#include "features/signup/invitation.h"
#include "flow/accounts/confirmation_mail.h"
#include "flow/accounts/held_address.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/accounts/validation.h"
#include "flow/limits/budget.h"
#include "flow/sessions/open_session.h"
#include "flow/signin/devices.h"
#include "flow/signin/next_step.h"

namespace latchkey::features::signup {
namespace {

namespace users = store::users;
using crypto::password::Verdict;

/// As it would be read: one round trip less.
users::User as_written(UserId id, const users::NewUser& account) {
  return {.id = id,
          .subject = account.subject,
          .email = account.email,
          .username = account.username,
          .avatar = std::nullopt,
          .role = account.role,
          .confirmed = account.confirmed,
          .is_active = true,
          .has_live_session = account.confirmed,
          .created_at = account.now,
          .updated_at = account.now,
          .is_proved = account.confirmed && !account.is_unproved};
}

/// Everything that one sign-up may write, in one transaction.
Result<SignedUp> write_account(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                               const users::NewUser& account, const std::string& language,
                               const std::optional<Invited>& invitation) {
  auto id = users::insert_user(tx, account);
  if (!id.has_value() && flow::accounts::remove_lapsed_holders(tx, services.settings, origin,
                                                               account.email_key, account.username_key) > 0) {
    id = users::insert_user(tx, account);
  }
  if (!id.has_value()) {
    const auto holder = tx.run(users::find_contact, account.email_key);
    if (!holder.has_value()) return Error(ErrorCode::username_taken);
    // The audit of that account says that somebody has tried to sign up with its address.
    flow::record(tx, origin, events::sign_up, ErrorCode::account_exists, to_string(holder->subject));
    return Error(ErrorCode::account_exists);
  }
  if (invitation.has_value() && !spend(tx, *invitation)) {
    tx.run_later(users::delete_user, *id);
    return Error(ErrorCode::invitation_required);
  }
  flow::record(tx, origin, events::sign_up, flow::ok, to_string(account.subject));
  SignedUp result{.user = as_written(*id, account), .tokens = std::nullopt};
  if (account.confirmed) {
    const auto device =
        flow::signin::device_id(services.keys.current()->ring(), account.subject, flow::client_of(origin));
    flow::signin::remember_device(tx, *id, device, origin.now);
    result.tokens = flow::sessions::make_token_pair(
        services,
        flow::sessions::open_session(tx, services.settings, origin, *id, account.subject, account.role,
                                     flow::signin::Done().with(flow::signin::Proof::password).bits()),
        origin.now);
  } else {
    mail::queue(tx, services.wake_mail,
                flow::accounts::confirmation_mail(*id, account.email, language, origin.now));
  }
  return result;
}

/// Whether the address was free when it was looked at.
enum class Address : std::uint8_t { free, held };

/// What nearly every sign-up writes is a unit: an account that is to be confirmed, its entry and its mail.
/// The subject is fresh, so where address or username are taken, entry and mail find no account, and nothing
/// is written. What is to be done then takes a transaction, as does what is rarer.
Task<Result<SignedUp>> write(flow::Services& services, flow::Origin origin, users::NewUser account,
                             std::string language, std::optional<Invited> invitation, Address address) {
  if (address == Address::free && !account.confirmed && !invitation.has_value()) {
    const flow::EntryOfUnit entry(origin, events::sign_up, flow::ok, account.subject);
    const mail::Row row(flow::accounts::confirmation_mail({}, account.email, language, origin.now));
    const auto insert_user = users::insert_user(account);
    const auto insert_entry = entry.statement();
    const auto insert_mail = mail::queue_to_subject(row, account.subject, services.wake_mail);
    const auto written = co_await services.database.run_together(insert_user, insert_entry, insert_mail);
    if (const auto id = std::get<0>(written)) {
      SignedUp result{.user = as_written(*id, account), .tokens = std::nullopt};
      co_return result;
    }
  }
  auto work = [&](db::Tx& tx) { return write_account(tx, services, origin, account, language, invitation); };
  co_return co_await services.database.write(work);
}

/// The invitation that a sign-up needs: none where everybody may sign up. What is wrong with it is not said,
/// and it comes before anything is said of the address.
Result<std::optional<Invited>> find_invitation(const flow::Services& services, const flow::Origin& origin,
                                               const EmailAddress& email, std::string_view token) {
  std::optional<Invited> invitation;
  if (services.settings.accounts.sign_up != settings::SignUp::invited) return invitation;
  const auto keys = services.keys.current();
  invitation = read_invitation(keys->ring(), token, origin.now);
  if (!invitation.has_value() || !invitation->is_for(email)) return Error(ErrorCode::invitation_required);
  return invitation;
}

/// A place in what all clients together may bring about. It is free again unless the account is made.
class Place {
 public:
  static Result<Place> reserve(flow::Services& services, Timestamp now) {
    namespace limits = flow::limits;
    if (auto spent = limits::take(services, limits::budgets::unconfirmed_accounts, now)) return *spent;
    if (auto spent = limits::take(services, limits::budgets::mails, now)) {
      limits::give_back(services, limits::budgets::unconfirmed_accounts);
      return *spent;
    }
    return Place(services);
  }
  Place(Place&& other) noexcept : services_(std::exchange(other.services_, nullptr)) {}
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (services_ == nullptr) return;
    flow::limits::give_back(*services_, flow::limits::budgets::unconfirmed_accounts);
    flow::limits::give_back(*services_, flow::limits::budgets::mails);
  }
  void keep() { services_ = nullptr; }

 private:
  explicit Place(flow::Services& services) : services_(&services) {}
  flow::Services* services_;
};

Error refuse_password(const flow::Origin& origin, Verdict verdict) {
  auto error = flow::accounts::refused_password(verdict);
  flow::note(origin, events::sign_up, error.code);
  return error;
}

/// The same where it has cost no hash. What is wrong with the password is said first, as everywhere.
Task<Error> refuse_known_address(flow::Services& services, flow::Origin origin,
                                 flow::accounts::NewAccount wanted, Subject account) {
  auto words = flow::accounts::likely_words(wanted);
  const auto verdict =
      co_await services.hashing.judge_only(client_of(origin), std::move(wanted.password), std::move(words),
                                           flow::accounts::demands(services.settings, services.breached));
  if (verdict.has_error()) co_return verdict.error();
  if (*verdict != Verdict::good) co_return refuse_password(origin, *verdict);
  co_await flow::refuse(services, origin, events::sign_up, ErrorCode::account_exists, account);
  co_return Error(ErrorCode::account_exists);
}

}  // namespace

Task<Result<SignedUp>> sign_up(flow::Services& services, flow::Origin origin, SignupInput input) {
  if (services.settings.accounts.sign_up == settings::SignUp::off) {
    flow::note(origin, events::sign_up, ErrorCode::sign_up_closed);
    co_return Error(ErrorCode::sign_up_closed);
  }
  auto checked =
      flow::accounts::check_fields(services.settings, input.email, input.username, input.password.text());
  if (checked.has_error()) {
    flow::note(origin, events::sign_up, checked.error().code);
    co_return checked.error();
  }
  auto invitation = find_invitation(services, origin, checked->email, input.invitation);
  if (invitation.has_error()) {
    flow::note(origin, events::sign_up, invitation.error().code);
    co_return invitation.error();
  }
  // Spares the hash; the constraint decides in the end.
  const auto known = co_await services.database.run(users::find_contact, checked->email.key.value);
  if (known.has_value() && !flow::accounts::has_lapsed(services.settings, *known, origin.now)) {
    co_return co_await refuse_known_address(services, origin, std::move(*checked), known->subject);
  }
  // Its owner may still take it back.
  const auto holder = co_await flow::accounts::find_holder(services, checked->email.key.value, origin.now);
  if (holder.has_value())
    co_return co_await refuse_known_address(services, origin, std::move(*checked), *holder);
  const bool confirmation = services.settings.accounts.confirmation == settings::Confirmation::required;
  std::optional<Place> place;
  if (confirmation) {
    auto reserved = Place::reserve(services, origin.now);
    if (reserved.has_error()) {
      flow::note(origin, events::sign_up, reserved.error().code);
      co_return reserved.error();
    }
    place.emplace(std::move(*reserved));
  }
  auto words = flow::accounts::likely_words(*checked);
  auto chosen = co_await services.hashing.hash_if_good(
      client_of(origin), std::move(checked->password), std::move(words),
      flow::accounts::demands(services.settings, services.breached));
  if (chosen.has_error()) co_return chosen.error();
  if (chosen->verdict != Verdict::good) co_return refuse_password(origin, chosen->verdict);

  users::NewUser account{.subject = crypto::new_subject(),
                         .email = checked->email.address,
                         .email_key = checked->email.key.value,
                         .username = checked->username,
                         .username_key = checked->username_key,
                         .password_hash = std::move(chosen->hash),
                         .role = Role::user,
                         .confirmed = !confirmation,
                         .now = origin.now,
                         .is_unproved = !confirmation};
  const auto address = known.has_value() ? Address::held : Address::free;
  auto result = co_await write(services, origin, std::move(account), std::move(input.language),
                               std::move(*invitation), address);
  if (result.has_error() && result.error().code == ErrorCode::username_taken)
    flow::note(origin, events::sign_up, ErrorCode::username_taken);
  if (result.has_value() && place.has_value()) {
    place->keep();
    const flow::limits::Mailed mailed{.email_key = checked->email.key.value,
                                      .purpose = flow::accounts::confirmation_message};
    flow::limits::note_mail_to(services, mailed, origin.now);
  }
  co_return result;
}

}  // namespace latchkey::features::signup
