#include "features/factor_removal/feature.h"

#include "features/factor_removal/mails.h"
#include "features/factor_removal/pages.h"
#include "features/factor_removal/removal.h"

namespace latchkey::features::factor_removal {
namespace {

constexpr std::string_view variables[] = {"address",  "administrator", "factor",
                                          "reminder", "stop_url",      "due_at"};
constexpr mail::Message mails[] = {
    {.name = removal_message,
     .variables = variables,
     .link = {.purpose = stop_link.purpose, .variable = "stop_url", .make = make_stop_links}},
};

constexpr flow::Sweep sweeps[] = {{.name = "factor_removals", .step = sweep_removals}};

}  // namespace

const api::Feature feature{
    .name = "factor_removal", .endpoints = endpoints, .mails = mails, .pages = pages, .sweeps = sweeps};

}  // namespace latchkey::features::factor_removal
