#include "api/browser_access.h"

#include "api/browser_cookies.h"
#include "api/endpoint.h"
#include "base/bytes.h"
#include "base/ip_address.h"
#include "crypto/random.h"
#include "flow/accounts/require_administrator.h"
#include "flow/signin/recent_proof.h"
#include "http/form.h"
#include "settings/url.h"
#include "store/sessions.h"

namespace latchkey::api {
namespace {

/// The idle limit of a session moves no more often.
constexpr Microseconds pause_between_moves = std::chrono::minutes(5);

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host.ends_with(".localhost") || is_loopback(host);
}

Result<> check_where_form_comes_from(const Api& api, const http::Request& request) {
  const auto site_count = request.header_count("Sec-Fetch-Site");
  if (site_count > 0) {
    if (site_count == 1 && request.header("Sec-Fetch-Site") == "same-origin") return {};
    return Error(ErrorCode::cross_site_form);
  }
  if (request.header_count("Origin") == 1 && request.header("Origin") == api.browsers.origin) return {};
  return Error(ErrorCode::cross_site_form);
}

std::string bound_to(const SessionId& session) { return "session " + to_string(session); }
std::string bound_to(const LinkId& form) { return "visitor " + to_string(form); }

bool has_right_token(const crypto::Keyring& ring, const http::Request& request, const std::string& bound) {
  const auto form = http::parse_form(request);
  if (form.has_error()) return false;
  const auto text = form->single("form_token");
  crypto::Sha256Digest tag{};
  if (text.has_error() || !text->has_value() || !decode_base64url(**text, tag)) return false;
  for (const auto* key : ring.keys(crypto::KeyUse::form_token))
    if (key->verify(bound, tag)) return true;
  return false;
}

flow::sessions::Caller caller_from(store::sessions::Browser&& found, const SessionId& session) {
  return {.user = {.id = found.id,
                   .subject = found.subject,
                   .email = found.email,
                   .username = found.username,
                   .avatar = std::move(found.avatar),
                   .role = found.role,
                   .is_proved = found.is_proved,
                   .is_active = found.is_active,
                   .created_at = found.created_at,
                   .updated_at = found.updated_at},
          .session = session};
}

Task<Result<void>> authorize_session(const Api& api, const http::Route& route, http::Request& request,
                                     SessionId session) {
  auto found = co_await api.services.database.run(store::sessions::find_browser, session, request.now);
  if (!found.has_value()) co_return Error(ErrorCode::invalid_token);
  const Timestamp used_at = found->used_at;
  request.language = found->language;
  request.caller.set(Principal(BrowserSession{caller_from(std::move(*found), session)}));
  const Access access = access_of(route.access);
  if (access.freshness == Freshness::recent) {
    auto recent = co_await flow::signin::require_recent_proof(api.services, request.now, session);
    if (recent.has_error()) co_return recent;
  }
  if (access.needs == Permission::administrator) {
    flow::Origin origin = origin_of(request);
    std::string asked_for(route.pattern);
    const Role role = caller_of(request).user.role;
    auto allowed = co_await flow::accounts::require_administrator(api.services, std::move(origin), role,
                                                                  std::move(asked_for));
    if (allowed.has_error()) co_return allowed;
  }
  const Timestamp moved_before = request.now - pause_between_moves;
  if (used_at <= moved_before) {
    const Timestamp idle_expires_at = request.now + api.services.settings.tokens.refresh_idle_ttl;
    co_await api.services.database.run(store::sessions::update_used, request.now, idle_expires_at, session,
                                       moved_before);
  }
  co_return Result<>{};
}

}  // namespace

BrowserRules make_browser_rules(std::string_view public_url) {
  auto url = settings::parse_url(public_url);
  if (!url.has_value()) return {};
  settings::drop_default_port(*url);
  url->path.clear();
  return {.origin = settings::to_string(*url),
          .may_set_cookies = url->scheme == "https" || is_this_machine(url->host)};
}

Task<Result<void>> authorize_browser(const Api& api, const http::Route& route, http::Request& request) {
  if (!api.browsers.may_set_cookies) co_return Error(ErrorCode::https_required);
  const bool sends_form = request.method == http::Method::post;
  if (sends_form) {
    auto from = check_where_form_comes_from(api, request);
    if (from.has_error()) co_return from;
  }
  const auto keys = api.services.keys.current();
  if (access_of(route.access).from == Credential::any_browser) {
    const auto form = read_form_cookie(request);
    if (sends_form && (!form.has_value() || !has_right_token(keys->ring(), request, bound_to(*form))))
      co_return Error(ErrorCode::stale_form);
    request.caller.set(Principal(Visitor{.form = form.has_value() ? *form : crypto::new_link_id()}));
    co_return Result<>{};
  }
  const auto session = read_session_cookie(keys->ring(), request);
  if (!session.has_value()) co_return Error(ErrorCode::invalid_token);
  if (sends_form && !has_right_token(keys->ring(), request, bound_to(*session)))
    co_return Error(ErrorCode::stale_form);
  co_return co_await authorize_session(api, route, request, *session);
}

Task<bool> has_signed_in(const Api& api, const http::Request& request) {
  const auto session = read_session_cookie(api.services.keys.current()->ring(), request);
  if (!session.has_value()) co_return false;
  const auto found = co_await api.services.database.run(store::sessions::find_browser, *session, request.now);
  co_return found.has_value();
}

std::string form_token(const Api& api, const http::Request& request) {
  const auto* principal = request.caller.get<Principal>();
  if (principal == nullptr) return {};
  std::string bound;
  if (const auto* visitor = std::get_if<Visitor>(principal)) bound = bound_to(visitor->form);
  if (const auto* browser = std::get_if<BrowserSession>(principal)) bound = bound_to(browser->caller.session);
  if (bound.empty()) return {};
  const auto keys = api.services.keys.current();
  return encode_base64url(keys->ring().key(crypto::KeyUse::form_token).tag(bound));
}

}  // namespace latchkey::api
