#include "features/mail_code/pages.h"

#include <algorithm>

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "base/bytes.h"
#include "features/mail_code/ask.h"
#include "features/mail_code/sign_in.h"

namespace latchkey::features::mail_code {
namespace {

constexpr web::Field ask_fields[] = {
    {.name = "email",
     .id = "email",
     .label = "@field.email",
     .kind = web::FieldKind::email,
     .autocomplete = "username"},
};
constexpr web::Field check_fields[] = {
    {.name = "code",
     .id = "code",
     .label = "@field.code",
     .hint = "@hint.mail_code",
     .kind = web::FieldKind::code,
     .autocomplete = "one-time-code"},
};
constexpr web::PageFile ask_page{
    .file = "mail_code/ask.html", .title = "@mail_code.title", .fields = ask_fields};
constexpr web::PageFile check_page{.file = "mail_code/check.html",
                                   .title = "@mail_code.check_title",
                                   .variables = {"address"},
                                   .fields = check_fields};

/// What the browser keeps between the two pages: the handle, and the address that the second page names.
constexpr std::string_view asked = "code";

struct Asked {
  std::string handle;
  std::string address;
};
std::string write_asked(const std::string& handle, std::string_view address) {
  return handle + "~" + encode_base64url(view_bytes(address));
}
std::optional<Asked> read_asked(const http::Request& request) {
  const std::string text = api::remembered_step(request, asked);
  const auto middle = text.find('~');
  if (middle == text.npos) return std::nullopt;
  const auto address = decode_base64url(std::string_view(text).substr(middle + 1));
  if (!address.has_value()) return std::nullopt;
  return Asked{.handle = text.substr(0, middle), .address = std::string(view_text(*address))};
}

struct AskForm {
  std::string email;
};
constexpr auto describe(const AskForm*) {
  return api::object("AskForm", api::member("email", &AskForm::email, {.longest = 320}));
}
struct CheckForm {
  std::string code;
};
constexpr auto describe(const CheckForm*) {
  return api::object("CheckForm", api::member("code", &CheckForm::code));
}

Task<Result<http::Response>> get_ask(const api::Api& api, http::Request& request) {
  const auto allowed = require_mail_sign_in(api.services.settings);
  if (allowed.has_error()) co_return allowed.error();
  co_return api::show(api, request, web::Form(ask_page));
}

Task<Result<http::Response>> post_ask(const api::Api& api, http::Request& request) {
  web::Form form(ask_page);
  form.keep_sent(request);
  auto sent = api::decode<AskForm>(request);
  if (sent.has_error()) co_return api::show(api, request, form.refuse(sent.error()));
  flow::Origin origin = api::origin_of(request);
  std::string language = api.pages.language_of(request).tag();
  const auto handle =
      co_await ask_for_code(api.services, std::move(origin), sent->email, std::move(language));
  if (handle.has_error()) co_return api::show(api, request, form.refuse(handle.error()));
  auto response = api::go_to(request, api::on_the_way(request, "sign-in/code/check"));
  api::remember_step(response, asked, write_asked(*handle, sent->email));
  co_return response;
}

Task<Result<http::Response>> get_check(const api::Api& api, http::Request& request) {
  const auto kept = read_asked(request);
  if (!kept.has_value()) co_return api::go_to(request, api::on_the_way(request, "sign-in/code"));
  co_return api::show(api, request, web::Form(check_page), {{"address", kept->address}});
}

Task<Result<http::Response>> post_check(const api::Api& api, http::Request& request) {
  const auto kept = read_asked(request);
  if (!kept.has_value()) co_return api::go_to(request, api::on_the_way(request, "sign-in/code"));
  web::Form form(check_page);
  auto sent = api::decode<CheckForm>(request);
  if (sent.has_error())
    co_return api::show(api, request, form.refuse(sent.error()), {{"address", kept->address}});
  std::erase_if(sent->code, [](char c) { return c == ' ' || c == '-'; });
  flow::Origin origin = api::origin_of(request);
  CodeInput input{.login_token = {}, .handle = kept->handle, .code = std::move(sent->code)};
  const auto session = co_await sign_in_with_code(api.services, std::move(origin), std::move(input));
  if (session.has_value()) co_return api::welcome(api, request, *session);
  if (auto step = api::ask_for_step(request, session.error())) co_return std::move(*step);
  co_return api::show(api, request, form.refuse_at("code", session.error()), {{"address", kept->address}});
}

constexpr web::PageFile page_list[] = {ask_page, check_page};
constexpr api::Endpoint page_rows[] = {
    api::page_row("/sign-in/code", "Ask for a code by mail", api::any_browser, "login_code", get_ask),
    api::form_row("/sign-in/code", "Ask for a code by mail", api::any_browser, "login_code", post_ask,
                  api::rates::mail_requests),
    api::page_row("/sign-in/code/check", "Where the code of the mail is typed", api::any_browser,
                  "login_code", get_check),
    api::form_row("/sign-in/code/check", "Sign in with the code of a mail", api::any_browser, "login_code",
                  post_check, api::rates::sign_in),
};

}  // namespace

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::mail_code
