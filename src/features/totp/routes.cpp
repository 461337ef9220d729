#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/login_step.h"
#include "features/totp/enrol_at_sign_in.h"
#include "features/totp/feature.h"
#include "features/totp/list_factors.h"
#include "features/totp/log_in.h"
#include "features/totp/set_up.h"
#include "http/respond.h"

namespace latchkey::features::totp {
namespace {

using enum ErrorCode;

struct BegunResponse {
  std::string_view secret;
  std::string_view uri;
  std::string enrolment;
  std::int64_t expires_in = 0;
};
constexpr auto describe(const BegunResponse*) {
  return api::object(
      "TotpBegun",
      api::member("secret", &BegunResponse::secret,
                  {.meaning = "what to type into the app: base32, six digits, every 30 seconds"}),
      api::member("uri", &BegunResponse::uri, {.meaning = "what to show as a QR code"}),
      api::member("enrolment", &BegunResponse::enrolment, {.meaning = "goes back with the first code"}),
      api::member("expires_in", &BegunResponse::expires_in,
                  {.meaning = "seconds until the enrolment expires"}));
}

struct ConfirmRequest {
  std::string enrolment;
  std::string code;
  std::optional<bool> end_other_sessions;
};
constexpr auto describe(const ConfirmRequest*) {
  return api::object("ConfirmTotp",
                     api::member("enrolment", &ConfirmRequest::enrolment, {.meaning = "of the first answer"}),
                     api::member("code", &ConfirmRequest::code,
                                 {.meaning = "that the app shows", .example = "123456", .longest = 64}),
                     api::member("end_other_sessions", &ConfirmRequest::end_other_sessions,
                                 {.meaning = "whether all other sessions of the account end"}));
}

struct ConfirmedResponse {
  std::optional<std::vector<std::string>> recovery_codes;
};
constexpr auto describe(const ConfirmedResponse*) {
  return api::object("TotpConfirmed",
                     api::member("recovery_codes", &ConfirmedResponse::recovery_codes,
                                 {.meaning = "shown this once: ten codes, where the app is the first second "
                                             "factor of the account"}));
}

struct RemoveQuery {
  std::optional<bool> end_other_sessions;
};
constexpr auto describe(const RemoveQuery*) {
  return api::object("RemoveFactor",
                     api::member("end_other_sessions", &RemoveQuery::end_other_sessions,
                                 {.meaning = "whether all other sessions of the account end"}));
}

struct LoginRequest {
  std::string login_token;
  std::string code;
};
constexpr auto describe(const LoginRequest*) {
  return api::object("LoginTotp",
                     api::member("login_token", &LoginRequest::login_token,
                                 {.meaning = "of the answer that asks for a second factor"}),
                     api::member("code", &LoginRequest::code,
                                 {.meaning = "that the app shows", .example = "123456", .longest = 64}));
}

constexpr api::About enrolment_token{.meaning = "of the answer that asks for a first second factor"};

struct BeginAtLogin {
  std::string login_token;
};
constexpr auto describe(const BeginAtLogin*) {
  return api::object("BeginTotpAtLogin",
                     api::member("login_token", &BeginAtLogin::login_token, enrolment_token));
}

struct ConfirmAtLogin {
  std::string login_token;
  std::string enrolment;
  std::string code;
};
constexpr auto describe(const ConfirmAtLogin*) {
  return api::object("ConfirmTotpAtLogin",
                     api::member("login_token", &ConfirmAtLogin::login_token, enrolment_token),
                     api::member("enrolment", &ConfirmAtLogin::enrolment, {.meaning = "of the first answer"}),
                     api::member("code", &ConfirmAtLogin::code,
                                 {.meaning = "that the app shows", .example = "123456", .longest = 64}));
}

struct TotpResponse {
  Timestamp created_at;
  Timestamp last_used_at;
};
constexpr auto describe(const TotpResponse*) {
  return api::object("Totp", api::member("created_at", &TotpResponse::created_at),
                     api::member("last_used_at", &TotpResponse::last_used_at));
}
struct PasskeyResponse {
  std::string name;
  Timestamp created_at;
  Timestamp last_used_at;
};
constexpr auto describe(const PasskeyResponse*) {
  return api::object("PasskeyOfFactors", api::member("name", &PasskeyResponse::name),
                     api::member("created_at", &PasskeyResponse::created_at),
                     api::member("last_used_at", &PasskeyResponse::last_used_at));
}
struct FactorsResponse {
  std::optional<TotpResponse> totp;
  std::vector<PasskeyResponse> passkeys;
  std::int64_t recovery_codes_left = 0;
};
constexpr auto describe(const FactorsResponse*) {
  return api::object("Factors",
                     api::member("totp", &FactorsResponse::totp, {.meaning = "the authenticator app"}),
                     api::member("passkeys", &FactorsResponse::passkeys),
                     api::member("recovery_codes_left", &FactorsResponse::recovery_codes_left,
                                 {.meaning = "each is good for one sign-in"}));
}

Own own_of(const http::Request& request) {
  const auto& caller = api::caller_of(request);
  return {.user = caller.user.id,
          .subject = caller.user.subject,
          .session = caller.session,
          .email = std::string(std::string_view(caller.user.email))};
}

OtherSessions others_of(const std::optional<bool>& end) {
  return end.value_or(false) ? OtherSessions::end : OtherSessions::stay;
}

Task<Result<http::Response>> get_factors(const api::Api& api, http::Request& request) {
  const UserId user = api::caller_of(request).user.id;
  const auto factors = co_await list_factors(api.services, user);
  FactorsResponse answer{.totp = {}, .passkeys = {}, .recovery_codes_left = factors.recovery_codes};
  if (factors.totp.has_value())
    answer.totp = {.created_at = factors.totp->created_at, .last_used_at = factors.totp->last_used_at};
  for (const auto& passkey : factors.passkeys)
    answer.passkeys.push_back(
        {.name = passkey.name, .created_at = passkey.created_at, .last_used_at = passkey.last_used_at});
  co_return http::json_response(200, api::to_json(answer));
}

http::Response begun_response(Begun begun) {
  const BegunResponse answer{.secret = begun.secret.text(),
                             .uri = begun.uri.text(),
                             .enrolment = std::move(begun.enrolment),
                             .expires_in = begun.expires_in.count()};
  return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_totp(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  Own own = own_of(request);
  auto begun = co_await begin(api.services, std::move(origin), std::move(own));
  if (begun.has_error()) co_return begun.error();
  co_return begun_response(std::move(*begun));
}

Task<Result<http::Response>> put_totp(const api::Api& api, http::Request& request) {
  auto body = api::decode<ConfirmRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  Own own = own_of(request);
  const auto others = others_of(body->end_other_sessions);
  auto confirmed = co_await confirm(api.services, std::move(origin), std::move(own),
                                    std::move(body->enrolment), std::move(body->code), others);
  if (confirmed.has_error()) co_return confirmed.error();
  const ConfirmedResponse answer{.recovery_codes = std::move(confirmed->recovery_codes)};
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> delete_totp(const api::Api& api, http::Request& request) {
  const auto query = api::decode_query<RemoveQuery>(request);
  if (query.has_error()) co_return query.error();
  flow::Origin origin = api::origin_of(request);
  Own own = own_of(request);
  const auto others = others_of(query->end_other_sessions);
  const auto removed = co_await remove(api.services, std::move(origin), std::move(own), others);
  if (removed.has_error()) co_return removed.error();
  co_return http::empty_response();
}

Task<Result<http::Response>> post_login(const api::Api& api, http::Request& request) {
  return api::take_code_step<LoginRequest>(api, request, log_in);
}

Task<Result<http::Response>> post_enrol(const api::Api& api, http::Request& request) {
  auto body = api::decode<BeginAtLogin>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  auto begun = co_await begin_at_sign_in(api.services, std::move(origin), std::move(body->login_token));
  if (begun.has_error()) co_return begun.error();
  co_return begun_response(std::move(*begun));
}

Task<Result<http::Response>> put_enrol(const api::Api& api, http::Request& request) {
  auto body = api::decode<ConfirmAtLogin>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  auto enrolled = co_await confirm_at_sign_in(api.services, std::move(origin), std::move(body->login_token),
                                              std::move(body->enrolment), std::move(body->code));
  if (enrolled.has_error()) co_return enrolled.error();
  co_return http::json_response(200, api::to_json(api::enrolled_response(std::move(*enrolled))));
}

constexpr api::Endpoint rows[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/login/totp",
        .tag = "auth",
        .summary = "Go on with a sign-in: the code of the authenticator app",
        .description =
            "The step that a sign-in names in `methods` as `totp`. A code is good once. After five wrong "
            "codes "
            "in a row the codes of the app are refused for a while; `Retry-After` says for how long. After a "
            "hundred they are refused until the owner has signed in with another factor. Recovery codes and "
            "passkeys are not refused meanwhile.",
        .rate = api::rates::sign_in,
        .body = api::takes<LoginRequest>(),
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {invalid_login_token, invalid_code, factor_not_found, account_blocked, password_required,
                     new_password_required, account_deletion_scheduled, malformed_json, validation_failed,
                     too_many_attempts},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login_totp",
        .handler = post_login,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/login/enrol/totp",
        .tag = "auth",
        .summary = "Go on with a sign-in that needs a first factor: begin to set up an authenticator app",
        .description = "After the refusal `factor_enrolment_required`. Answers what goes into the app. "
                       "Nothing is stored, and the login token stays good.",
        .rate = api::rates::sign_in,
        .body = api::takes<BeginAtLogin>(),
        .answer = api::gives<BegunResponse>(),
        .refusals = {invalid_login_token, account_blocked, second_factor_required, new_password_required,
                     account_deletion_scheduled, malformed_json, validation_failed},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login_enrol",
        .handler = post_enrol,
    },
    {
        .method = http::Method::put,
        .path = "/api/auth/login/enrol/totp",
        .tag = "auth",
        .summary = "Confirm that authenticator app with its first code, and sign in",
        .description =
            "The code is used up by this, and counts as the second factor of this sign-in. If a further step "
            "is missing, its refusal carries the recovery codes.",
        .rate = api::rates::sign_in,
        .body = api::takes<ConfirmAtLogin>(),
        .answer = api::gives<api::EnrolledResponse>(),
        .refusals = {invalid_login_token, invalid_code, account_blocked, second_factor_required,
                     new_password_required, account_deletion_scheduled, malformed_json, validation_failed},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login_enrol",
        .handler = put_enrol,
    },
    {
        .method = http::Method::get,
        .path = "/api/users/me/factors",
        .tag = "users",
        .summary = "What the account has beside its password",
        .access = api::signed_in,
        .answer = api::gives<FactorsResponse>(),
        .refusals = {invalid_token},
        .head = http::Head::allowed,
        .counter = "factors",
        .handler = get_factors,
    },
    {
        .method = http::Method::post,
        .path = "/api/users/me/totp",
        .tag = "users",
        .summary = "Begin to set up an authenticator app",
        .description =
            "Answers what goes into the app. Nothing is stored, and an app that the account has stays good, "
            "until `PUT` sends the first code.",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .answer = api::gives<BegunResponse>(),
        .refusals = {invalid_token, recent_sign_in_required},
        .counter = "totp",
        .handler = post_totp,
    },
    {
        .method = http::Method::put,
        .path = "/api/users/me/totp",
        .tag = "users",
        .summary = "Confirm an authenticator app with its first code",
        .description =
            "From now on a sign-in to the account needs a code. An earlier app is replaced. The code is used "
            "up by this. The first second factor of an account comes with ten recovery codes.",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .body = api::takes<ConfirmRequest>(),
        .answer = api::gives<ConfirmedResponse>(),
        .refusals = {invalid_token, recent_sign_in_required, invalid_code, malformed_json, validation_failed},
        .counter = "totp",
        .handler = put_totp,
    },
    {
        .method = http::Method::delete_,
        .path = "/api/users/me/totp",
        .tag = "users",
        .summary = "Remove the authenticator app",
        .description = "With the last second factor the recovery codes go, too.",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .query = api::takes_query<RemoveQuery>(),
        .answer = api::gives_nothing(),
        .refusals = {invalid_token, recent_sign_in_required, factor_not_found, validation_failed},
        .counter = "totp",
        .handler = delete_totp,
    },
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::totp
