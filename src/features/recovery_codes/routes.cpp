#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/login_step.h"
#include "features/recovery_codes/codes.h"
#include "features/recovery_codes/feature.h"
#include "features/recovery_codes/pages.h"
#include "flow/accounts/factor_notices.h"
#include "flow/accounts/notice.h"
#include "http/respond.h"

namespace latchkey::features::recovery_codes {
namespace {

using enum ErrorCode;

struct CountResponse {
  std::int64_t left = 0;
};
constexpr auto describe(const CountResponse*) {
  return api::object("RecoveryCodesLeft",
                     api::member("left", &CountResponse::left, {.meaning = "each is good for one sign-in"}));
}

struct CodesResponse {
  std::vector<std::string> codes;
};
constexpr auto describe(const CodesResponse*) {
  return api::object("RecoveryCodes", api::member("codes", &CodesResponse::codes,
                                                  {.meaning = "shown this once; earlier ones work no more"}));
}

struct RenewRequest {
  std::optional<bool> end_other_sessions;
};
constexpr auto describe(const RenewRequest*) {
  return api::object("RenewRecoveryCodes",
                     api::member("end_other_sessions", &RenewRequest::end_other_sessions,
                                 {.meaning = "whether all other sessions of the account end"}));
}

struct LoginRequest {
  std::string login_token;
  Secret code;
};
constexpr auto describe(const LoginRequest*) {
  return api::object("LoginRecoveryCode",
                     api::member("login_token", &LoginRequest::login_token,
                                 {.meaning = "of the answer that asks for a second factor"}),
                     api::member("code", &LoginRequest::code,
                                 {.meaning = "blanks, hyphens and capital letters do not matter",
                                  .example = "7k3m-x9qd-0v2r-hb5t",
                                  .longest = 256}));
}

Task<Result<http::Response>> get_codes(const api::Api& api, http::Request& request) {
  const UserId user = api::caller_of(request).user.id;
  const CountResponse answer{.left = co_await count(api.services, user)};
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_codes(const api::Api& api, http::Request& request) {
  RenewRequest body;
  if (!request.body.empty()) {
    auto decoded = api::decode<RenewRequest>(request);
    if (decoded.has_error()) co_return decoded.error();
    body = *decoded;
  }
  const auto asker = flow::sessions::asker_of(api::caller_of(request));
  const auto others = body.end_other_sessions.value_or(false) ? OtherSessions::end : OtherSessions::stay;
  flow::Origin origin = api::origin_of(request);
  auto codes = co_await renew(api.services, std::move(origin), asker, others);
  if (codes.has_error()) co_return codes.error();
  const CodesResponse answer{.codes = std::move(*codes)};
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_login(const api::Api& api, http::Request& request) {
  return api::take_code_step<LoginRequest>(api, request, log_in);
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/login/recovery_code",
        .tag = "auth",
        .summary = "Go on with a sign-in: a recovery code",
        .description = "The step that a sign-in names in `methods` as `recovery_code`. A code is good once, "
                       "and the owner "
                       "is told by mail. A login token has five tries. Wrong codes of an authenticator app "
                       "do not matter "
                       "here.",
        .rate = api::rates::sign_in,
        .body = api::takes<LoginRequest>(),
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {invalid_login_token, invalid_code, account_blocked, password_required,
                     new_password_required, account_deletion_scheduled, malformed_json, validation_failed,
                     too_many_attempts},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login_recovery_code",
        .handler = post_login,
    },
    {
        .method = http::Method::get,
        .path = "/api/users/me/recovery_codes",
        .tag = "users",
        .summary = "How many recovery codes are left",
        .access = api::signed_in,
        .answer = api::gives<CountResponse>(),
        .refusals = {invalid_token},
        .head = http::Head::allowed,
        .counter = "recovery_codes",
        .handler = get_codes,
    },
    {
        .method = http::Method::post,
        .path = "/api/users/me/recovery_codes",
        .tag = "users",
        .summary = "Make ten new recovery codes",
        .description = "Nobody can see them again. Earlier codes work no more.",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .body = api::takes<RenewRequest>(http::BodyKind::optional_json),
        .answer = api::gives<CodesResponse>(),
        .refusals = {malformed_json, validation_failed, invalid_token, recent_sign_in_required,
                     factor_not_found},
        .counter = "recovery_codes",
        .handler = post_codes,
    },
};

constexpr std::string_view used_variables[] = {"address", "device", "left"};
constexpr mail::Message mails[] = {
    {.name = flow::accounts::recovery_codes_made_message,
     .variables = flow::accounts::notice_variables,
     .link = flow::accounts::not_me},
    {.name = flow::accounts::recovery_code_used_message,
     .variables = used_variables,
     .link = flow::accounts::not_me},
};

}  // namespace

const api::Feature feature{.name = "recovery_codes",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .mails = mails,
                           .pages = pages};

}  // namespace latchkey::features::recovery_codes
