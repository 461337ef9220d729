#include "features/profile/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "features/profile/change.h"

namespace latchkey::features::profile {
namespace {

constexpr web::Field profile_fields[] = {
    {.name = "username",
     .id = "name",
     .label = "@field.name",
     .hint = "@hint.name",
     .autocomplete = "nickname"},
};
constexpr web::PageFile profile_page{
    .file = "profile/profile.html",
    .title = "@profile.title",
    .variables = {"choices.tag", "choices.name", "choices.chosen", "any_language"},
    .fields = profile_fields,
    .layout = "account.html",
    .section = "profile"};

struct ProfileForm {
  std::string username;
  std::string language;
};
constexpr auto describe(const ProfileForm*) {
  return api::object("ProfileForm", api::member("username", &ProfileForm::username),
                     api::member("language", &ProfileForm::language));
}

http::Response show_profile(const api::Api& api, const http::Request& request, const web::Form& form) {
  std::vector<TemplateValues> choices;
  for (const auto& language : api.pages.languages()) {
    choices.push_back({{"tag", language.tag()},
                       {"name", language.name()},
                       {"chosen", language.tag() == request.language ? "yes" : ""}});
  }
  TemplateValues values{{"any_language", request.language.empty() ? "yes" : ""}};
  values.set("choices", std::move(choices));
  return api::show(api, request, form, std::move(values));
}

Task<Result<http::Response>> get_profile(const api::Api& api, http::Request& request) {
  web::Form form(profile_page);
  form.keep("username", std::string(std::string_view(api::caller_of(request).user.username)));
  co_return show_profile(api, request, form);
}

Task<Result<http::Response>> post_profile(const api::Api& api, http::Request& request) {
  web::Form form(profile_page);
  form.keep_sent(request);
  auto sent = api::decode<ProfileForm>(request);
  if (sent.has_error()) co_return show_profile(api, request, form.refuse(sent.error()));
  flow::Origin origin = api::origin_of(request);
  const auto asker = flow::sessions::asker_of(api::caller_of(request));
  Change change{.username = std::move(sent->username), .language = std::move(sent->language)};
  const auto user = co_await change_profile(api.services, std::move(origin), asker, std::move(change));
  if (user.has_value()) co_return api::go_to(request, "account/profile?note=saved");
  if (user.error().code == ErrorCode::invalid_token) co_return user.error();
  co_return show_profile(api, request, form.refuse_at("username", user.error()));
}

constexpr web::PageFile page_list[] = {profile_page};
constexpr api::Endpoint page_rows[] = {
    api::page_row("/account/profile", "The owner's name and language", api::signed_in_browser, "profile",
                  get_profile),
    api::form_row("/account/profile", "Change name and language", api::signed_in_browser, "profile",
                  post_profile),
};

}  // namespace

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::profile
