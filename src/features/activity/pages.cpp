#include "features/activity/pages.h"

#include <algorithm>

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "features/activity/own_activity.h"

namespace latchkey::features::activity {
namespace {

constexpr std::int64_t rows_of_page = 50;

constexpr web::PageFile activity_page{
    .file = "activity/activity.html",
    .title = "@activity.title",
    .variables = {"entries.what", "entries.refused", "entries.who", "entries.address", "entries.at_machine",
                  "entries.at_shown", "next"},
    .layout = "account.html",
    .script = "latchkey.js",
    .section = "activity"};

/// What happened, in words: `event.<name>` of the catalogue.
std::string words_of(const web::Language& language, const std::string& event) {
  std::string key = "event." + event;
  std::ranges::replace(key.begin() + 6, key.end(), '.', '_');
  const auto text = language.find(key);
  return std::string(text.empty() ? language.find("event.other") : text);
}

TemplateValues values_of(const store::audit::Told& entry, const std::string& account,
                         const web::Language& language) {
  const auto actor = word_for_actor(entry, account);
  // Who signs in is not signed in yet: that says nothing to its owner.
  const bool says_who = actor != "unknown";
  const std::string who = "activity.by_" + std::string(actor);
  return {{"what", words_of(language, entry.event)},
          {"refused", entry.result == "ok" ? "" : "yes"},
          {"who", says_who ? language.find(who) : std::string_view()},
          {"address", actor == "administrator" ? std::string() : entry.address},
          {"at_machine", web::machine_time(entry.at)},
          {"at_shown", web::show_time(entry.at)}};
}

Task<Result<http::Response>> get_activity_page(const api::Api& api, http::Request& request) {
  const auto query = api::decode_query<api::PageQuery>(request);
  if (query.has_error()) co_return query.error();
  const Subject account = api::caller_of(request).user.subject;
  const auto after = find_position(api.services, account, *query);
  if (after.has_error()) co_return after.error();
  const auto page = co_await list_activity(api.services, request.now, account, *after, rows_of_page);
  const auto& language = api.pages.language_of(request);
  std::vector<TemplateValues> entries;
  for (const auto& entry : page.rows) entries.push_back(values_of(entry, to_string(account), language));
  TemplateValues values;
  values.set("entries", std::move(entries));
  if (page.next.has_value()) values.set("next", seal_position(api.services, account, *page.next));
  co_return api::show(api, request, activity_page, std::move(values));
}

constexpr web::PageFile page_list[] = {activity_page};
constexpr api::Endpoint page_rows[] = {
    api::page_row("/account/activity", "What happened to the account, in words", api::signed_in_browser,
                  "activity", get_activity_page),
    api::page_row("/account/data", "Everything that is stored about the account, as a file",
                  api::recent_browser, "activity", get_export),
};

}  // namespace

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::activity
