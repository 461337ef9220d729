#include "flow/limits/budget.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "crypto/sha256.h"

namespace latchkey::flow::limits {
namespace budgets {

namespace counters {

constinit metrics::Counter unconfirmed_accounts_spent{R"(budget="unconfirmed_accounts")"};
constinit metrics::Counter mails_spent{R"(budget="mails")"};
constinit metrics::Counter audit_refusals_spent{R"(budget="audit_refusals")"};
constinit metrics::Counter mails_per_recipient_spent{R"(budget="mails_per_recipient")"};
constinit metrics::Counter changes_per_account_spent{R"(budget="changes_per_account")"};

}  // namespace counters

metrics::Families families() {
  using namespace counters;
  static constexpr metrics::Family list[] = {
      {"latchkey_budgets_spent_total",
       "Refused, or left out, because a budget of all clients, a recipient or an account was used up.",
       {&unconfirmed_accounts_spent, &mails_spent, &audit_refusals_spent, &mails_per_recipient_spent,
        &changes_per_account_spent}},
  };
  return list;
}

}  // namespace budgets

namespace {

constexpr std::uint64_t all = 0;
constexpr std::uint64_t alarm = 1;

TokenBuckets::Name bucket_of(const Budget& budget, std::uint64_t owner) {
  return {.purpose = TokenBuckets::purpose_of(budget.name), .owner = owner};
}

Rate rate_of(const Services& services, Rate Settings::Limits::*rate) {
  return services.settings.limits.enabled ? services.settings.limits.*rate : Rate{};
}

Error refuse(Services& services, const Budget& budget, const Rate& rate, Microseconds wait, Timestamp now) {
  budget.spent->add();
  constexpr Rate once_a_minute{.count = 1, .per = std::chrono::minutes(1)};
  if (!services.buckets.take(bucket_of(budget, alarm), once_a_minute, now)) {
    log::warn("limits.budget_spent", {{"budget", budget.name},
                                      {"count", rate.count},
                                      {"seconds", std::chrono::floor<Seconds>(rate.per).count()}});
  }
  return {ErrorCode::too_many_requests, std::max(Seconds{1}, std::chrono::ceil<Seconds>(wait))};
}

TokenBuckets::Name mails_of(const Mailed& mail) {
  std::string message(mail.is_for_known_device ? "known " : "unknown ");
  message.append(mail.purpose).append(" ").append(mail.email_key);
  const auto digest = crypto::sha256(message);
  TokenBuckets::Name name{.purpose = TokenBuckets::purpose_of("mails_per_recipient"), .owner = 0};
  std::memcpy(&name.owner, digest.data(), sizeof name.owner);
  return name;
}

}  // namespace

std::optional<Error> take(Services& services, const Budget& budget, Timestamp now) {
  const Rate rate = rate_of(services, budget.rate);
  const auto wait = services.buckets.take(bucket_of(budget, all), rate, now);
  if (!wait.has_value()) return std::nullopt;
  return refuse(services, budget, rate, *wait, now);
}

void give_back(Services& services, const Budget& budget) {
  services.buckets.give_back(bucket_of(budget, all), rate_of(services, budget.rate));
}

std::optional<Error> take_change(Services& services, const Subject& account, Timestamp now) {
  TokenBuckets::Name name{.purpose = TokenBuckets::purpose_of("changes_per_account"), .owner = 0};
  std::memcpy(&name.owner, account.bytes.data(), sizeof name.owner);
  const Rate rate = rate_of(services, &Settings::Limits::changes_per_account);
  const auto wait = services.buckets.take(name, rate, now);
  if (!wait.has_value()) return std::nullopt;
  budgets::counters::changes_per_account_spent.add();
  return Error(ErrorCode::too_many_requests, std::max(Seconds{1}, std::chrono::ceil<Seconds>(*wait)));
}

bool may_get_mail(const Services& services, const Mailed& mail, Timestamp now) {
  const Rate rate = rate_of(services, &Settings::Limits::mails_per_recipient);
  if (!services.buckets.wait_for(mails_of(mail), rate, now).has_value()) return true;
  budgets::counters::mails_per_recipient_spent.add();
  return false;
}

void note_mail_to(const Services& services, const Mailed& mail, Timestamp now) {
  const Rate rate = rate_of(services, &Settings::Limits::mails_per_recipient);
  services.buckets.take(mails_of(mail), rate, now);
}

}  // namespace latchkey::flow::limits
