#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/feature.h"
#include "api/page_rows.h"
#include "features/first_administrator/feature.h"
#include "features/first_administrator/make.h"
#include "web/account_fields.h"

namespace latchkey::features::first_administrator {
namespace {

using enum ErrorCode;

constexpr web::PageFile ask_page{.file = "first_administrator/ask.html",
                                 .title = "@first_administrator.title",
                                 .fields = web::new_account_fields};
constexpr web::PageFile made_page{.file = "first_administrator/made.html",
                                  .title = "@first_administrator.made_title",
                                  .variables = {"email"}};
constexpr web::PageFile closed_page{.file = "first_administrator/closed.html",
                                    .title = "@first_administrator.closed_title",
                                    .variables = {"is_missing"}};

struct Form {
  std::string email;
  std::string username;
  Secret password;
};
constexpr auto describe(const Form*) {
  return api::object("FirstAdministratorForm", api::member("email", &Form::email),
                     api::member("username", &Form::username), api::member("password", &Form::password));
}

/// Whether a page of this server sent the form: by Sec-Fetch-Site or, where a browser does not send that, by
/// Origin. The page stands at any name of this machine (http/this_machine.h), so its origin is that of the
/// Host. There is no cookie to bind the form to, as some browsers keep none on this machine: the token of the
/// link is what no other site knows.
bool is_sent_by_own_page(const http::Request& request) {
  const auto sites = request.header_count("Sec-Fetch-Site");
  if (sites > 0) return sites == 1 && request.header("Sec-Fetch-Site") == "same-origin";
  const std::string own = "http://" + std::string(request.header("Host").value_or(""));
  return request.header_count("Origin") == 1 && request.header("Origin") == own;
}

/// 404, since what the address named is gone, and a page that says what to do.
http::Response closed(const api::Api& api, const http::Request& request, bool missing) {
  return api.pages.render(request, closed_page, {{"is_missing", missing ? "yes" : ""}}, 404);
}

Task<Result<http::Response>> get_form(const api::Api& api, http::Request& request) {
  const bool opens = api.first_link.opens(request.parameter("token"));
  const bool missing = co_await is_missing(api.services);
  if (!missing) api.first_link.close();
  if (!opens || !missing) co_return closed(api, request, missing);
  co_return api.pages.render(request, web::Form(ask_page));
}

Task<Result<http::Response>> post_form(const api::Api& api, http::Request& request) {
  if (!is_sent_by_own_page(request)) co_return cross_site_form;
  const bool opens = api.first_link.opens(request.parameter("token"));
  const bool missing = co_await is_missing(api.services);
  if (!missing) api.first_link.close();
  if (!opens || !missing) co_return closed(api, request, missing);

  web::Form form(ask_page);
  form.keep_sent(request);
  auto sent = api::decode<Form>(request);
  if (sent.has_error()) {
    if (sent.error().code != validation_failed) co_return sent.error();
    co_return api.pages.render(request, form.refuse(sent.error()));
  }
  flow::Origin origin = api::origin_of(request);
  Wanted wanted{.email = std::move(sent->email),
                .username = std::move(sent->username),
                .password = std::move(sent->password)};
  const auto made = co_await make_first_administrator(api.services, std::move(origin), std::move(wanted));
  if (made.has_value()) {
    api.first_link.close();
    co_return api.pages.render(request, made_page, {{"email", made->email}});
  }
  // Somebody was quicker.
  if (made.error().code == invalid_link) co_return closed(api, request, false);
  if (made.error().code == account_exists)
    co_return api.pages.render(request, form.refuse_at("email", made.error()));
  if (made.error().code == username_taken)
    co_return api.pages.render(request, form.refuse_at("username", made.error()));
  co_return api.pages.render(request, form.refuse(made.error()));
}

constexpr std::string_view path = "/first-administrator/{token}";

/// A GET is as rare as a mistyped link; what it costs is one look at the accounts.
constexpr api::Endpoint page_row =
    api::newcomer_row(path, "The page with the form; changes nothing", "first_administrator", get_form);
constexpr api::Endpoint form_row = [] {
  auto row = api::form_row(path, "Make the first administrator", api::anyone, "first_administrator",
                           post_form, api::rates::sign_up);
  row.audience = api::Audience::newcomers;
  return row;
}();
constexpr api::Endpoint endpoints[] = {page_row, form_row};

constexpr web::PageFile pages[] = {ask_page, made_page, closed_page};

}  // namespace

const api::Feature feature{.name = "first_administrator", .browser_endpoints = endpoints, .pages = pages};

}  // namespace latchkey::features::first_administrator
