#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/passkey_assertion.h"
#include "features/sudo/feature.h"
#include "features/sudo/pages.h"
#include "features/sudo/prove.h"
#include "http/respond.h"

namespace latchkey::features::sudo {
namespace {

using enum ErrorCode;

struct SudoRequest {
  std::optional<Secret> password;
  std::optional<std::string> totp;
  std::optional<Secret> recovery_code;
  std::optional<std::string> handle;
  std::optional<std::string> code;
  std::optional<api::AuthenticationCredential> passkey;
};
constexpr auto describe(const SudoRequest*) {
  return api::object(
      "Sudo",
      api::member("password", &SudoRequest::password,
                  {.meaning = "of an account without a second factor", .example = "secure_password"}),
      api::member("totp", &SudoRequest::totp,
                  {.meaning = "the code of the authenticator app", .example = "123456", .longest = 64}),
      api::member("recovery_code", &SudoRequest::recovery_code,
                  {.meaning = "used up by this", .example = "7k3m-x9qd-0v2r-hb5t", .longest = 256}),
      api::member("handle", &SudoRequest::handle,
                  {.meaning = "that `login/code/request` answered, with the code of its mail"}),
      api::member("code", &SudoRequest::code,
                  {.meaning = "of an account without a second factor", .example = "12345678"}),
      api::member("passkey", &SudoRequest::passkey,
                  {.meaning = "what the browser answered to the options of `sudo/passkey/options`"}));
}

/// One of them.
Result<Means> read_means(SudoRequest& body) {
  const int given = static_cast<int>(body.password.has_value()) + static_cast<int>(body.totp.has_value()) +
                    static_cast<int>(body.recovery_code.has_value()) +
                    static_cast<int>(body.code.has_value()) + static_cast<int>(body.passkey.has_value());
  if (given != 1)
    return invalid_field("body", "password", given == 0 ? "missing" : "value_error",
                         "Send one of password, totp, recovery_code, code and passkey");
  if (body.code.has_value() != body.handle.has_value())
    return invalid_field("body", body.code.has_value() ? "handle" : "code", "missing", "Field required");
  if (body.code.has_value())
    return Means{ByMailCode{.handle = std::move(*body.handle), .code = std::move(*body.code)}};
  if (body.totp.has_value()) return Means{ByTotp{std::move(*body.totp)}};
  if (body.recovery_code.has_value()) return Means{ByRecoveryCode{std::move(*body.recovery_code)}};
  if (body.passkey.has_value()) {
    auto assertion = api::read_assertion(*body.passkey);
    if (assertion.has_error()) return assertion.error();
    return Means{std::move(*assertion)};
  }
  return Means{ByPassword{std::move(*body.password)}};
}

Task<Result<http::Response>> post_sudo(const api::Api& api, http::Request& request) {
  auto body = api::decode<SudoRequest>(request);
  if (body.has_error()) co_return body.error();
  auto means = read_means(*body);
  if (means.has_error()) co_return means.error();
  const auto& caller = api::caller_of(request);
  const Own own{.subject = caller.user.subject, .session = caller.session};
  flow::Origin origin = api::origin_of(request);
  const auto proved = co_await prove(api.services, std::move(origin), own, std::move(*means));
  if (proved.has_error()) co_return proved.error();
  co_return http::empty_response();
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/sudo",
        .tag = "auth",
        .summary = "Prove once more to be there",
        .description =
            "What a stolen token must not do asks for a proof within ten minutes, and is refused with "
            "`recent_sign_in_required` otherwise. A sign-in is such a proof, and so is this. Where the "
            "account "
            "has a second factor, only that (or a recovery code) will do. Wrong passwords and codes are "
            "counted "
            "as at sign-in.",
        .access = api::signed_in,
        .rate = api::rates::sign_in,
        .body = api::takes<SudoRequest>(),
        .answer = api::gives_nothing(),
        .refusals = {invalid_token, invalid_credentials, invalid_code, recent_sign_in_required,
                     factor_not_found, malformed_json, validation_failed, too_many_attempts, overloaded,
                     invalid_passkey, passkeys_unavailable, forbidden},
        .counter = "sudo",
        .handler = post_sudo,
    },
};

}  // namespace

const api::Feature feature{
    .name = "sudo", .endpoints = endpoints, .browser_endpoints = browser_endpoints, .pages = pages};

}  // namespace latchkey::features::sudo
