#include "app/features.h"

#include <vector>

#include "api/rate_rules.h"
#include "app/housekeeping.h"
#include "crypto/password/counters.h"
#include "db/counters.h"
#include "features/account/feature.h"
#include "features/activity/feature.h"
#include "features/administration/feature.h"
#include "features/confirmation/feature.h"
#include "features/deletion/feature.h"
#include "features/documents/feature.h"
#include "features/email_change/feature.h"
#include "features/factor_removal/feature.h"
#include "features/first_administrator/feature.h"
#include "features/health/feature.h"
#include "features/mail_code/feature.h"
#include "features/mailbox/feature.h"
#include "features/not_me/feature.h"
#include "features/pages/feature.h"
#include "features/passkeys/feature.h"
#include "features/password/feature.h"
#include "features/password_change/feature.h"
#include "features/profile/feature.h"
#include "features/recovery/feature.h"
#include "features/recovery_codes/feature.h"
#include "features/sessions/feature.h"
#include "features/signup/feature.h"
#include "features/sudo/feature.h"
#include "features/totp/feature.h"
#include "features/welcome/feature.h"
#include "flow/keys/rotation.h"
#include "flow/limits/budget.h"
#include "flow/sessions/counters.h"
#include "flow/signin/events.h"
#include "http/counters.h"
#include "mail/counters.h"
#include "store/tables.h"
#include "web/pages.h"

namespace latchkey::app {
namespace {

// A line for each feature.
// clang-format off
constexpr const api::Feature* list[] = {
    &features::account::feature,
    &features::signup::feature,
    &features::password::feature,
    &features::password_change::feature,
    &features::email_change::feature,
    &features::not_me::feature,
    &features::mail_code::feature,
    &features::passkeys::feature,
    &features::sessions::feature,
    &features::confirmation::feature,
    &features::recovery::feature,
    &features::totp::feature,
    &features::recovery_codes::feature,
    &features::sudo::feature,
    &features::factor_removal::feature,
    &features::administration::feature,
    &features::profile::feature,
    &features::deletion::feature,
    &features::activity::feature,
    &features::documents::feature,
    &features::health::feature,
    &features::pages::feature,
    &features::welcome::feature,
    &features::mailbox::feature,
    &features::first_administrator::feature,
};
// clang-format on

/// What the kernel has of something, followed by what each feature has of it.
template <class Part>
std::vector<Part> collect(std::span<const Part> kernel, std::span<const Part> api::Feature::*of_feature) {
  std::vector<Part> all(kernel.begin(), kernel.end());
  for (const api::Feature* feature : list) {
    const auto part = feature->*of_feature;
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

api::Features features() { return list; }

metrics::Families counters() {
  static const auto all = [] {
    const metrics::Families rooms[] = {
        http::counters::families(),
        db::counters::families(),
        crypto::password::counters::families(),
        mail::counters::families(),
        flow::signin::events::families(),
        flow::sessions::counters::families(),
        flow::keys::families(),
        api::rate_counters(),
        housekeeping_counters(),
        flow::limits::budgets::families(),
    };
    std::vector<metrics::Family> kernel;
    for (const auto& room : rooms) kernel.insert(kernel.end(), room.begin(), room.end());
    return collect<metrics::Family>(kernel, &api::Feature::counters);
  }();
  return all;
}

std::span<const mail::Message> mails() {
  static const auto all = collect<mail::Message>({}, &api::Feature::mails);
  return all;
}

db::Tables tables() {
  static const auto all = collect(store::tables(), &api::Feature::tables);
  return all;
}

std::span<const web::PageFile> pages() {
  static const auto all = collect(web::kernel_pages(), &api::Feature::pages);
  return all;
}

std::span<const flow::Sweep> sweeps() {
  static const auto all = collect(flow::kernel_sweeps(), &api::Feature::sweeps);
  return all;
}

}  // namespace latchkey::app
