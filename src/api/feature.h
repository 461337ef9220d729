#pragma once

#include <span>
#include <string_view>

#include "api/endpoint.h"
#include "base/metrics.h"
#include "db/table.h"
#include "flow/sweep.h"
#include "mail/message.h"
#include "web/page_file.h"

namespace latchkey::api {

/// One capability: a folder under features/, and everything of it that the rest of the program has to know.
/// The list of features stands in app/features.cpp; the parts that need routes, mails, pages, tables, sweeps
/// or counters read that list, so that taking a folder and its lines away takes the capability away.
struct Feature {
  std::string_view name;
  std::span<const Endpoint> endpoints{};
  std::span<const Endpoint> browser_endpoints{};  ///< its pages with cookies: in no openapi.json
  std::span<const mail::Message> mails{};  ///< what it sends; their words stand in templates/mail/<message>/
  std::span<const web::PageFile> pages{};
  std::span<const db::Table> tables{};    ///< parents before their children; kernel tables come before all
  std::span<const flow::Sweep> sweeps{};  ///< how its tables shrink
  metrics::Families counters{};           ///< what /metrics prints of it
};

using Features = std::span<const Feature* const>;

}  // namespace latchkey::api
