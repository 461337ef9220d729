#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/id.h"
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
    mails_per_recipient_spent, changes_per_account_spent;
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

/// Counts one more change of an account by its owner, whatever it changes: each may leave a row, an entry in
/// the audit and a notice. Refuses with too_many_requests beyond limits.changes_per_account.
std::optional<Error> take_change(Services& services, const Subject& account, Timestamp now);

/// What the mails to an address are counted by: those of one kind together, whichever account they are about,
/// and those that a device has asked for which the account knows apart from all others.
struct Mailed {
  std::string_view email_key;
  std::string_view purpose;
  bool is_for_known_device = false;
};
/// Whether an address may get one more such mail today.
bool may_get_mail(const Services& services, const Mailed& mail, Timestamp now);
/// It gets one.
void note_mail_to(const Services& services, const Mailed& mail, Timestamp now);

}  // namespace latchkey::flow::limits
