#include "features/recovery_codes/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "features/recovery_codes/codes.h"
#include "flow/signin/open_step.h"
#include "store/factors.h"

namespace latchkey::features::recovery_codes {
namespace {

constexpr web::Field use_fields[] = {
    {.name = "code",
     .id = "code",
     .label = "@field.recovery_code",
     .hint = "@hint.recovery_code",
     .kind = web::FieldKind::words},
};
constexpr web::PageFile use_page{.file = "recovery_codes/use.html",
                                 .title = "@recovery_code.title",
                                 .variables = {"on_the_way"},
                                 .fields = use_fields};
constexpr web::PageFile renew_page{.file = "recovery_codes/renew.html",
                                   .title = "@recovery_codes.title",
                                   .variables = {"has_factor", "codes_left"},
                                   .layout = "account.html",
                                   .section = "security"};
constexpr web::PageFile codes_page{.file = "recovery_codes/show.html",
                                   .title = "@recovery_codes.shown_title",
                                   .variables = {"codes.code"},
                                   .layout = "account.html",
                                   .script = "latchkey.js",
                                   .section = "security"};

struct UseForm {
  Secret code;
};
constexpr auto describe(const UseForm*) {
  return api::object("UseForm", api::member("code", &UseForm::code, {.longest = 256}));
}

http::Response show_use(const api::Api& api, const http::Request& request, const web::Form& form) {
  return api::show(api, request, form, {{"on_the_way", api::on_the_way(request, "")}});
}

Task<Result<http::Response>> get_use(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  const auto open =
      co_await flow::signin::read_open_step(api.services, std::move(origin), api::login_token_of(request));
  if (open.has_error()) co_return api::go_to(request, api::on_the_way(request, "sign-in"));
  co_return show_use(api, request, web::Form(use_page));
}

Task<Result<http::Response>> post_use(const api::Api& api, http::Request& request) {
  web::Form form(use_page);
  auto sent = api::decode<UseForm>(request);
  if (sent.has_error()) co_return show_use(api, request, form.refuse(sent.error()));
  flow::Origin origin = api::origin_of(request);
  const auto session =
      co_await log_in(api.services, std::move(origin), api::login_token_of(request), std::move(sent->code));
  if (session.has_value()) co_return api::welcome(api, request, *session);
  if (auto step = api::ask_for_step(request, session.error())) co_return std::move(*step);
  co_return show_use(api, request, form.refuse_at("code", session.error()));
}

Task<Result<http::Response>> get_renew(const api::Api& api, http::Request& request) {
  const UserId user = api::caller_of(request).user.id;
  const auto steps = co_await api.services.database.run(store::factors::find_steps, user);
  const bool has_factor = steps.has_value() && (steps->has_totp || steps->passkeys > 0);
  const auto left = steps.has_value() ? steps->recovery_codes : 0;
  co_return api::show(api, request, renew_page,
                      {{"has_factor", has_factor ? "yes" : ""}, {"codes_left", std::to_string(left)}});
}

Task<Result<http::Response>> post_renew(const api::Api& api, http::Request& request) {
  const auto asker = flow::sessions::asker_of(api::caller_of(request));
  flow::Origin origin = api::origin_of(request);
  const auto codes = co_await renew(api.services, std::move(origin), asker);
  if (codes.has_error()) co_return codes.error();
  std::vector<TemplateValues> shown;
  for (const std::string& code : *codes) shown.push_back({{"code", code}});
  TemplateValues values;
  values.set("codes", std::move(shown));
  co_return api::show(api, request, codes_page, std::move(values));
}

constexpr web::PageFile page_list[] = {use_page, renew_page, codes_page};
constexpr api::Endpoint page_rows[] = {
    api::page_row("/sign-in/recovery-code", "Where a sign-in takes a recovery code", api::any_browser,
                  "login_recovery_code", get_use),
    api::form_row("/sign-in/recovery-code", "Go on with a sign-in: a recovery code", api::any_browser,
                  "login_recovery_code", post_use, api::rates::sign_in),
    api::page_row("/account/recovery-codes", "What new recovery codes mean", api::recent_browser,
                  "recovery_codes", get_renew),
    api::form_row("/account/recovery-codes", "Make ten new recovery codes", api::recent_browser,
                  "recovery_codes", post_renew),
};

}  // namespace

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::recovery_codes
