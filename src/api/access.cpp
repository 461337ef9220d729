#include "api/access.h"

#include <algorithm>
#include <stdexcept>

#include "api/api.h"
#include "api/browser_access.h"
#include "api/endpoint.h"
#include "base/unicode.h"
#include "crypto/sha256.h"
#include "flow/accounts/require_administrator.h"
#include "flow/limits/budget.h"
#include "flow/signin/recent_proof.h"
#include "http/bearer.h"

namespace latchkey::api {
namespace {

constexpr std::size_t max_user_agent = 256;

/// A user agent as it may be kept and shown: one line of valid UTF-8.
std::string printable_user_agent(std::string_view text) {
  text = text.substr(0, max_user_agent);
  while (!text.empty() && !is_valid_utf8(text)) text.remove_suffix(1);
  return has_control_characters(text) ? std::string() : std::string(text);
}

const flow::sessions::Caller* find_caller(const http::Request& request) {
  const auto* principal = request.caller.get<Principal>();
  if (principal == nullptr) return nullptr;
  if (const auto* browser = std::get_if<BrowserSession>(principal)) return &browser->caller;
  return std::get_if<flow::sessions::Caller>(principal);
}

/// The browser that somebody signs in from: a hash, since login tokens carry it.
LinkId browser_of(const http::Request& request) {
  const auto* principal = request.caller.get<Principal>();
  const auto* visitor = principal == nullptr ? nullptr : std::get_if<Visitor>(principal);
  if (visitor == nullptr) return {};
  const auto digest = crypto::sha256(view_text(visitor->form.bytes));
  LinkId browser;
  std::copy_n(digest.begin(), browser.bytes.size(), browser.bytes.begin());
  return browser;
}

Task<Result<void>> authorize(const Api& api, const http::Route& route, http::Request& request) {
  const Access access = access_of(route.access);
  if (is_for_browsers(access)) co_return co_await authorize_browser(api, route, request);
  const auto token = http::bearer_token(request);
  if (!token.has_value()) co_return Error(ErrorCode::invalid_token);
  auto caller = co_await flow::sessions::authenticate(api.services, request.now, *token);
  if (caller.has_error()) co_return caller.error();
  request.caller.set(Principal(std::move(*caller)));
  // First of all: nobody is asked for a proof that would not help.
  if (access.needs == Permission::administrator) {
    flow::Origin origin = origin_of(request);
    std::string asked_for(route.pattern);
    const Role role = caller_of(request).user.role;
    auto permitted = co_await flow::accounts::require_administrator(api.services, std::move(origin), role,
                                                                    std::move(asked_for));
    if (permitted.has_error()) co_return permitted;
  }
  if (access.freshness == Freshness::recent) {
    const SessionId session = caller_of(request).session;
    auto recent = co_await flow::signin::require_recent_proof(api.services, request.now, session);
    if (recent.has_error()) co_return recent;
  }
  if (is_change(route.pattern, route.method, access.freshness)) {
    const Subject& account = caller_of(request).user.subject;
    if (auto spent = flow::limits::take_change(api.services, account, request.now))
      co_return std::move(*spent);
  }
  co_return Result<>{};
}

}  // namespace

flow::Origin origin_of(const http::Request& request) {
  const auto* caller = find_caller(request);
  return {.now = request.now,
          .address = std::string(request.address),
          .user_agent = printable_user_agent(request.header("User-Agent").value_or("")),
          .request_id = std::string(request.request_id),
          .actor = caller != nullptr ? to_string(caller->user.subject) : std::string(),
          .browser = browser_of(request)};
}

const flow::sessions::Caller& caller_of(const http::Request& request) {
  const auto* caller = find_caller(request);
  if (caller == nullptr) throw std::logic_error("a handler asked for the caller on a route that has none");
  return *caller;
}

http::AccessHook make_access_hook(const Api& api) {
  return [&api](const http::Route& route, http::Request& request) { return authorize(api, route, request); };
}

}  // namespace latchkey::api
