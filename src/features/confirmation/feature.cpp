#include "features/confirmation/feature.h"

#include "features/confirmation/confirm.h"
#include "features/confirmation/events.h"
#include "features/confirmation/pages.h"
#include "flow/accounts/confirmation_mail.h"
#include "flow/accounts/unconfirmed.h"

namespace latchkey::features::confirmation {
namespace {

constexpr std::string_view variables[] = {"confirm_url", "reject_url"};
constexpr mail::Message mails[] = {
    {
        .name = flow::accounts::confirmation_message,
        .variables = variables,
        .link = {.purpose = flow::accounts::confirmation_message,
                 .variable = "confirm_url",
                 .make = make_confirmation_links},
    },
};

/// Accounts that nobody confirmed in time.
flow::Swept sweep_unconfirmed(flow::Services& services, const flow::Origin& origin, std::string_view,
                              std::int64_t most) {
  auto work = [&](db::Tx& tx) { return flow::accounts::remove_lapsed(tx, services.settings, origin, most); };
  return flow::remove_oldest_now(services, most, work);
}

constexpr flow::Sweep sweeps[] = {{.name = "unconfirmed", .step = sweep_unconfirmed}};

}  // namespace

const api::Feature feature{.name = "confirmation",
                           .endpoints = endpoints,
                           .mails = mails,
                           .pages = pages,
                           .sweeps = sweeps,
                           .counters = events::counters};

}  // namespace latchkey::features::confirmation
