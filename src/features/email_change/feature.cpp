#include "features/email_change/feature.h"

#include "features/email_change/events.h"
#include "features/email_change/links.h"
#include "features/email_change/mails.h"
#include "features/email_change/pages.h"
#include "flow/accounts/notice.h"
#include "store/scheduled.h"

namespace latchkey::features::email_change {
namespace {

constexpr std::string_view change_variables[] = {"change_url", "code", "code_expires_at"};
constexpr std::string_view to_old_variables[] = {"address", "device", "new_email"};
constexpr std::string_view undone_variables[] = {"address", "device", "is_yours"};
constexpr mail::Message mails[] = {
    {
        .name = change_message,
        .variables = change_variables,
        .link = {.purpose = change_link.purpose, .variable = "change_url", .make = make_change_links},
    },
    {
        .name = asked_message,
        .variables = to_old_variables,
        .link = flow::accounts::not_me,
    },
    {
        .name = changed_message,
        .variables = to_old_variables,
        .link = {.variable = "undo_url", .make = make_undo_links},
    },
    {
        .name = welcome_message,
        .variables = flow::accounts::notice_variables,
        .link = flow::accounts::not_me,
    },
    {
        .name = undone_message,
        .variables = undone_variables,
    },
};

/// Holds on old addresses whose time is over.
flow::Swept sweep_undos(flow::Services& services, const flow::Origin& origin, std::string_view,
                        std::int64_t most) {
  auto work = [&](db::Tx& tx) {
    const std::string kind(store::scheduled::email_undo);
    return tx.run(store::scheduled::delete_due, origin.now, kind, most).rows;
  };
  return flow::remove_oldest_now(services, most, work);
}

constexpr flow::Sweep sweeps[] = {{.name = "email_undos", .step = sweep_undos}};

}  // namespace

const api::Feature feature{.name = "email_change",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .mails = mails,
                           .pages = pages,
                           .sweeps = sweeps,
                           .counters = events::counters};

}  // namespace latchkey::features::email_change
