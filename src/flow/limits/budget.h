#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/metrics.h"
#include "flow/services.h"

/// What all clients together may bring about. A limit for each client does not bound their sum, since anybody
/// can come from many addresses (finding F36). Kept in memory by each node for itself; a restart begins anew.
namespace latchkey::flow::limits {

struct Budget {
  std::string_view name;  ///< as its setting is called
  Rate Settings::Limits::*rate;
  metrics::Counter* spent;  ///< counts what it refused
};

namespace budgets {

namespace counters {
extern metrics::Counter unconfirmed_accounts_spent, mails_spent, audit_refusals_spent,
    mails_per_recipient_spent;
}

/// Accounts that nobody has confirmed yet.
inline constexpr Budget unconfirmed_accounts{.name = "unconfirmed_accounts",
                                             .rate = &Settings::Limits::unconfirmed_accounts,
                                             .spent = &counters::unconfirmed_accounts_spent};
/// Mails that strangers can cause.
inline constexpr Budget mails{
    .name = "mails", .rate = &Settings::Limits::mails, .spent = &counters::mails_spent};
/// Entries of the audit for refusals that strangers can provoke.
inline constexpr Budget audit_refusals{.name = "audit_refusals",
                                       .rate = &Settings::Limits::audit_refusals,
                                       .spent = &counters::audit_refusals_spent};

metrics::Families families();

}  // namespace budgets

/// Takes one. Refuses with too_many_requests and takes nothing when the budget is spent; the log says so once
/// a minute.
std::optional<Error> take(Services& services, const Budget& budget, Timestamp now);
/// What it was taken for did not happen.
void give_back(Services& services, const Budget& budget);

/// Whether an address may get one more mail today, whatever it is for.
bool may_get_mail(Services& services, std::string_view email_key, Timestamp now);
/// It gets one.
void note_mail_to(Services& services, std::string_view email_key, Timestamp now);

}  // namespace latchkey::flow::limits
