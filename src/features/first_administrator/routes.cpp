#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/feature.h"
#include "features/first_administrator/feature.h"
#include "features/first_administrator/make.h"
#include "http/form.h"

namespace latchkey::features::first_administrator {
namespace {

using enum ErrorCode;

constexpr web::Field fields[] = {
    {.name = "email",
     .id = "email",
     .label = "E-mail address",
     .hint = "No mail goes there now.",
     .kind = web::FieldKind::email,
     .autocomplete = "username"},
    {.name = "username",
     .id = "name",
     .label = "Name",
     .hint = "Others may see it.",
     .autocomplete = "nickname"},
    {.name = "password",
     .id = "new-password",
     .label = "Password",
     .hint = "8 characters or more; a sentence is good. Common ones are refused.",
     .kind = web::FieldKind::password,
     .autocomplete = "new-password"},
};
constexpr web::PageFile ask_page{
    .file = "first_administrator/ask.html", .title = "Make the first administrator", .fields = fields};
constexpr web::PageFile made_page{
    .file = "first_administrator/made.html", .title = "You are the administrator", .variables = {"email"}};
constexpr web::PageFile closed_page{
    .file = "first_administrator/closed.html", .title = "This link does not work", .variables = {"is_missing"}};

struct Form {
  std::string email;
  std::string username;
  Secret password;
};
constexpr auto describe(const Form*) {
  return api::object("FirstAdministratorForm", api::member("email", &Form::email),
                     api::member("username", &Form::username), api::member("password", &Form::password));
}

/// Whether a page of this server sent the form. Browsers that do not say so by Sec-Fetch-Site say from which
/// origin a form comes; the Host is one of this machine, or there would be no such route.
bool is_sent_by_own_page(const http::Request& request) {
  if (const auto site = request.header("Sec-Fetch-Site")) return *site == "same-origin";
  const auto host = request.header("Host").value_or("");
  return request.header("Origin").value_or("") == "http://" + std::string(host);
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
  if (!is_sent_by_own_page(request)) co_return forbidden;
  const bool opens = api.first_link.opens(request.parameter("token"));
  const bool missing = co_await is_missing(api.services);
  if (!missing) api.first_link.close();
  if (!opens || !missing) co_return closed(api, request, missing);

  web::Form form(ask_page);
  if (const auto sent = http::parse_form(request); sent.has_value()) form.keep_sent(*sent);
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
  co_return api.pages.render(request, form.refuse(made.error()));
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::get,
        .path = "/first-administrator/{token}",
        .tag = "newcomers",
        .summary = "The page with the form; changes nothing",
        .rate = api::rates::links,
        .answer = api::gives_page(),
        .errors = http::ErrorStyle::page,
        .head = http::Head::allowed,
        .audience = api::Audience::newcomers,
        .counter = "first_administrator",
        .handler = get_form,
    },
    {
        .method = http::Method::post,
        .path = "/first-administrator/{token}",
        .tag = "newcomers",
        .summary = "Make the first administrator",
        .rate = api::rates::sign_up,
        .body = api::takes<Form>(http::BodyKind::form),
        .answer = api::gives_page(),
        .refusals = {forbidden, malformed_form, account_exists, username_taken, validation_failed, overloaded},
        .errors = http::ErrorStyle::page,
        .audience = api::Audience::newcomers,
        .counter = "first_administrator",
        .handler = post_form,
    },
};

constexpr web::PageFile pages[] = {ask_page, made_page, closed_page};

}  // namespace

const api::Feature feature{.name = "first_administrator", .endpoints = endpoints, .pages = pages};

}  // namespace latchkey::features::first_administrator
