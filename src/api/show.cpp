#include "api/show.h"

#include <algorithm>

#include "api/access.h"
#include "api/browser_access.h"
#include "api/browser_cookies.h"
#include "api/endpoint.h"
#include "crypto/random.h"
#include "flow/signin/progress.h"
#include "http/cookie.h"
#include "http/form.h"

namespace latchkey::api {
namespace {

constexpr std::string_view account_page = "account";
constexpr std::string_view login_token = "login";

bool is_path_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/';
}

/// What the page before has done, as `?note=` says: one of our own sentences.
std::string_view note_of(const Api& api, const http::Request& request) {
  if (request.query.find("note=") == request.query.npos) return {};
  const auto query = http::parse_query(request);
  const auto name = query.has_value() ? query->find("note").value_or("") : std::string_view();
  return api.pages.language_of(request).find("note." + std::string(name.substr(0, 40)));
}

void set_browser_values(const Api& api, const http::Request& request, TemplateValues& values) {
  const auto* principal = request.caller.get<Principal>();
  if (principal == nullptr) return;
  values.set("form_token", form_token(api, request));
  values.set("note", note_of(api, request));
  if (const auto* browser = std::get_if<BrowserSession>(principal))
    values.set("signed_in_as", std::string_view(browser->caller.user.username));
}

void set_form_cookie(const http::Request& request, http::Response& response) {
  const auto* principal = request.caller.get<Principal>();
  const auto* visitor = principal == nullptr ? nullptr : std::get_if<Visitor>(principal);
  if (visitor == nullptr || read_form_cookie(request) == visitor->form) return;
  http::set_cookie(response, form_cookie, write_form_cookie(visitor->form));
}

/// The page of a step; empty for one that has none.
std::string_view page_of_step(ErrorCode step) {
  switch (step) {
    case ErrorCode::second_factor_required:
      return "sign-in/factor";
    case ErrorCode::new_password_required:
      return "sign-in/new-password";
    case ErrorCode::account_deletion_scheduled:
      return "sign-in/keep-account";
    default:
      return "";
  }
}

/// The page that was asked for, or whose form was sent.
std::string path_of(const http::Request& request) {
  std::string_view path = request.path;
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  return std::string(path);
}

}  // namespace

http::Response show(const Api& api, const http::Request& request, const web::PageFile& page,
                    TemplateValues values, int status) {
  set_browser_values(api, request, values);
  auto response = api.pages.render(request, page, values, status);
  set_form_cookie(request, response);
  return response;
}

http::Response show(const Api& api, const http::Request& request, const web::Form& form,
                    TemplateValues values) {
  set_browser_values(api, request, values);
  auto response = api.pages.render(request, form, std::move(values));
  set_form_cookie(request, response);
  return response;
}

http::Response go_to(const http::Request& request, std::string_view path) {
  http::Response response;
  response.status = 303;
  response.headers.push_back({"Location", web::path_to_root(request) + std::string(path)});
  return response;
}

http::Response deny_with_page(const Api& api, const Error& error, const http::Request& request) {
  const Access access = request.route != nullptr ? access_of(request.route->access) : Access{};
  if (access.from == Credential::browser_session) {
    if (error.code == ErrorCode::invalid_token) return go_to(request, "sign-in?to=/" + path_of(request));
    if (error.code == ErrorCode::recent_sign_in_required)
      return go_to(request, "sudo?to=/" + path_of(request));
  }
  return api.pages.render_error(request, error);
}

std::string wanted_page(const http::Request& request) {
  const auto query = http::parse_query(request);
  std::string_view to = query.has_value() ? query->find("to").value_or("") : "";
  const bool is_plain = to.starts_with('/') && to.find("//") == to.npos && to.size() <= 200 &&
                        std::ranges::all_of(to, is_path_char);
  if (!is_plain) return std::string(account_page);
  to.remove_prefix(1);
  return to.empty() ? std::string(account_page) : std::string(to);
}

std::string on_the_way(const http::Request& request, std::string_view page) {
  const std::string wanted = wanted_page(request);
  std::string path(page);
  if (wanted != account_page) path.append("?to=/").append(wanted);
  return path;
}

http::Response welcome(const Api& api, const http::Request& request,
                       const flow::sessions::TokenPair& session) {
  auto response = go_to(request, wanted_page(request));
  const auto keys = api.services.keys.current();
  const auto lives = std::chrono::floor<Seconds>(api.services.settings.tokens.refresh_absolute_ttl);
  http::set_cookie(response, session_cookie, write_session_cookie(keys->ring(), session.session), lives);
  http::set_cookie(response, form_cookie, write_form_cookie(crypto::new_link_id()));
  forget_steps(request, response);
  return response;
}

std::optional<http::Response> ask_for_step(const http::Request& request, const Error& refusal) {
  const auto page = page_of_step(refusal.code);
  if (refusal.step == nullptr || page.empty()) return std::nullopt;
  auto response = go_to(request, on_the_way(request, page));
  remember_step(response, login_token, refusal.step->login_token);
  return response;
}

std::string login_token_of(const http::Request& request) { return remembered_step(request, login_token); }

void forget_steps(const http::Request& request, http::Response& response) {
  if (http::find_cookie(request, step_cookie).has_value()) http::expire_cookie(response, step_cookie);
}

void remember_step(http::Response& response, std::string_view kind, std::string_view text) {
  const auto lives = std::chrono::floor<Seconds>(flow::signin::login_token_ttl);
  http::set_cookie(response, step_cookie, std::string(kind) + "~" + std::string(text), lives);
}

std::string remembered_step(const http::Request& request, std::string_view kind) {
  std::string_view cookie = http::find_cookie(request, step_cookie).value_or("");
  if (!cookie.starts_with(kind) || cookie.size() <= kind.size() || cookie[kind.size()] != '~') return {};
  return std::string(cookie.substr(kind.size() + 1));
}

}  // namespace latchkey::api
