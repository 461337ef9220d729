#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string_view>

#include "api/described.h"
#include "api/rate_rules.h"
#include "api/schema.h"
#include "base/error.h"
#include "base/task.h"
#include "http/message.h"
#include "http/route.h"

/// One row says everything about a route: the router, the gate, access control, metrics, openapi.json and the
/// documentation page read it, and nothing else has to be edited to add one.
namespace latchkey::api {

struct Api;

/// Answers one request. A denial is rendered in the error style of the row; `Unavailable` becomes 503, any
/// other exception 500. A plain coroutine function: it keeps nothing between requests.
using Handler = Task<Result<http::Response>> (*)(const Api&, http::Request&);

/// What a client proves itself with. The other credentials of the design (client, API key) come with the
/// first route that takes them. The last two are for pages: they are cookies, and a form that a browser sends
/// is believed only if it comes from a page of ours (browser_access.h). No other row reads a cookie, and
/// these read no Authorization.
enum class Credential : std::uint8_t {
  none,
  access_token,     ///< checked before the handler runs, which finds the caller in `caller_of`
  refresh_token,    ///< the handler checks it
  any_browser,      ///< anybody; a browser without a cookie gets one with the page
  browser_session,  ///< who has signed in by the pages; the handler finds the caller in `caller_of`
};

enum class Permission : std::uint8_t { none, administrator };

/// Whether it is enough that somebody has signed in at some time. A recent proof, by a factor where the
/// account has one, guards what a stolen token must not do (RFC 9470); otherwise recent_sign_in_required.
enum class Freshness : std::uint8_t { any, recent };

/// Who may call a route.
struct Access {
  Credential from = Credential::none;
  Permission needs = Permission::none;
  Freshness freshness = Freshness::any;
};

inline constexpr Access anyone{};
inline constexpr Access signed_in{.from = Credential::access_token};
inline constexpr Access signed_in_recently{.from = Credential::access_token, .freshness = Freshness::recent};
inline constexpr Access administrators{.from = Credential::access_token, .needs = Permission::administrator};
/// For what somebody who has an administrator's token, but not the administrator, must not do.
inline constexpr Access administrators_recently{
    .from = Credential::access_token, .needs = Permission::administrator, .freshness = Freshness::recent};
inline constexpr Access refresh_token_holder{.from = Credential::refresh_token};

inline constexpr Access any_browser{.from = Credential::any_browser};
inline constexpr Access signed_in_browser{.from = Credential::browser_session};
inline constexpr Access recent_browser{.from = Credential::browser_session, .freshness = Freshness::recent};

constexpr bool is_for_browsers(const Access& access) {
  return access.from == Credential::any_browser || access.from == Credential::browser_session;
}

/// The number that http hands to the access hook, which knows no rows: 0 lets everybody pass.
constexpr int access_number(const Access& access) {
  if (access.from == Credential::none || access.from == Credential::refresh_token) return 0;
  return 1 + static_cast<int>(access.freshness) + 2 * static_cast<int>(access.needs) +
         4 * static_cast<int>(access.from);
}
constexpr Access access_of(int access_number) {
  if (access_number == 0) return {};
  const int bits = access_number - 1;
  return {.from = static_cast<Credential>(bits / 4),
          .needs = static_cast<Permission>(bits / 2 % 2),
          .freshness = static_cast<Freshness>(bits % 2)};
}

/// Whether a call counts as a change of the caller's account (limits.changes_per_account): all that changes
/// something below `/api/users/me`, and what needs a recent proof there because it shows everything.
constexpr bool is_change(std::string_view path, http::Method method, Freshness freshness) {
  const bool reads = method == http::Method::get || method == http::Method::head;
  return (!reads || freshness == Freshness::recent) && path.starts_with("/api/users/me");
}

/// What a route takes as its body.
struct Body {
  http::BodyKind kind = http::BodyKind::none;
  Schema schema{};
};
template <Described T>
constexpr Body takes(http::BodyKind kind = http::BodyKind::json) {
  return {.kind = kind, .schema = request_schema<T>()};
}

/// What a route answers when it does what was asked.
struct Answer {
  int status = 200;
  std::string_view media_type = "application/json";
  Schema schema{};
  /// A client that prefers HTML gets a page in place of the JSON; its refusals follow the row's error style.
  bool page_for_browsers = false;
};
template <Described T>
constexpr Answer gives(int status = 200) {
  return {.status = status, .schema = response_schema<T>()};
}
template <Described T>
constexpr Answer gives_list(std::string_view name) {
  return {.schema = list_schema<T>(name)};
}
/// For links in mails: JSON for programs, a page for people.
template <Described T>
constexpr Answer gives_page_or() {
  return {.schema = response_schema<T>(), .page_for_browsers = true};
}
constexpr Answer gives_nothing() { return {.status = 204, .media_type = ""}; }
/// For people.
constexpr Answer gives_page() { return {.media_type = "text/html"}; }
constexpr Answer gives_media(std::string_view media_type) { return {.media_type = media_type}; }

/// What a route refuses beside what the gate refuses everywhere.
class Refusals {
 public:
  constexpr Refusals() = default;
  constexpr Refusals(std::initializer_list<ErrorCode> codes) {  // NOLINT(google-explicit-constructor)
    if (codes.size() > codes_.size()) throw std::logic_error("make room for more refusals");
    for (const ErrorCode code : codes) codes_[count_++] = code;
  }
  constexpr const ErrorCode* begin() const { return codes_.data(); }
  constexpr const ErrorCode* end() const { return codes_.data() + count_; }

 private:
  std::array<ErrorCode, 16> codes_{};
  std::size_t count_ = 0;
};

/// What a route takes in its query: the members of a described struct. Path parameters follow from the path.
template <Described T>
constexpr Schema takes_query() {
  return request_schema<T>();
}

enum class Listener : std::uint8_t {
  open,        ///< `listen` alone
  management,  ///< `management_listen` alone
  both,
};

/// For whom a route exists.
enum class Audience : std::uint8_t {
  everybody,
  /// Who tries Latchkey on this machine (settings/newcomer.h), with requests that come straight from it
  /// (http/this_machine.h). To all others the path is one that nobody knows.
  newcomers,
};

struct Endpoint {
  http::Method method;
  std::string_view path;  ///< such as "/api/auth/sessions/{id}"; a parameter is a whole segment
  std::string_view tag;   ///< the group in the documentation
  std::string_view summary;
  std::string_view
      description{};  ///< what a caller has to know beside that; `code` stands between back-ticks
  Access access{};
  RateRule rate{};  ///< how often; its refusal stands in openapi.json by itself
  Body body{};
  Schema query{};
  Answer answer{};
  Refusals refusals{};
  http::ErrorStyle errors = http::ErrorStyle::problem;
  http::Head head = http::Head::refused;
  Listener listener = Listener::open;
  Audience audience = Audience::everybody;
  std::string_view counter;  ///< the name under which metrics count it; rows may share one
  Handler handler;
};

}  // namespace latchkey::api
