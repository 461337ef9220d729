#include "features/passkeys/routes.h"

#include <algorithm>

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/login_step.h"
#include "base/bytes.h"
#include "features/passkeys/add_passkey.h"
#include "features/passkeys/enrol_at_sign_in.h"
#include "features/passkeys/options.h"
#include "features/passkeys/own_passkeys.h"
#include "features/passkeys/pages.h"
#include "features/passkeys/sign_in.h"
#include "http/respond.h"

namespace latchkey::features::passkeys {
namespace {

using enum ErrorCode;

Owner owner_of(const http::Request& request) {
  const auto& caller = api::caller_of(request);
  return {.id = caller.user.id, .subject = caller.user.subject, .session = caller.session};
}

EndedSessions ended_by(const http::Request& request, const std::optional<bool>& end) {
  if (!end.value_or(false)) return {};
  return {.all_but = api::caller_of(request).session};
}

}  // namespace

Task<Result<std::string>> creation_options_text(const api::Api& api, const http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  const Owner owner = owner_of(request);
  const auto options = co_await registration_options(api.services, std::move(origin), owner);
  if (options.has_error()) co_return options.error();
  co_return api::to_json(creation_options(*options, api::caller_of(request).user));
}

std::optional<NewPasskey> read_new_passkey(std::string_view credential, std::string name) {
  auto read = api::decode_json<RegistrationCredential>(credential);
  if (read.has_error()) return std::nullopt;
  std::optional<std::string> given;
  if (!name.empty()) given = std::move(name);
  return read_registration(*read, given);
}

namespace {

Task<Result<http::Response>> get_passkeys(const api::Api& api, http::Request& request) {
  const auto passkeys = co_await list_own_passkeys(api.services, owner_of(request));
  std::vector<PasskeyResponse> answer;
  answer.reserve(passkeys.size());
  for (const auto& passkey : passkeys) answer.push_back(passkey_response(passkey));
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_options(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  const Owner owner = owner_of(request);
  const auto options = co_await registration_options(api.services, std::move(origin), owner);
  if (options.has_error()) co_return options.error();
  const auto answer = creation_options(*options, api::caller_of(request).user);
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_passkey(const api::Api& api, http::Request& request) {
  auto body = api::decode<AddPasskeyRequest>(request);
  if (body.has_error()) co_return body.error();
  auto made = read_registration(body->credential, body->name);
  if (!made.has_value()) co_return Error(invalid_passkey);
  flow::Origin origin = api::origin_of(request);
  const Owner owner = owner_of(request);
  const auto others = ended_by(request, body->end_other_sessions);
  auto added = co_await add_passkey(api.services, std::move(origin), owner, std::move(*made), others);
  if (added.has_error()) co_return added.error();
  AddedResponse answer{.passkey = passkey_response(added->passkey), .recovery_codes = {}};
  if (!added->recovery_codes.empty()) answer.recovery_codes = std::move(added->recovery_codes);
  co_return http::json_response(201, api::to_json(answer));
}

Task<Result<http::Response>> patch_passkey(const api::Api& api, http::Request& request) {
  auto body = api::decode<RenameRequest>(request);
  if (body.has_error()) co_return body.error();
  auto id = decode_base64url(request.parameter("id"));
  if (!id.has_value()) co_return Error(passkey_not_found);
  flow::Origin origin = api::origin_of(request);
  const Owner owner = owner_of(request);
  const auto renamed = co_await rename_own_passkey(api.services, std::move(origin), owner, std::move(*id),
                                                   std::move(body->name));
  if (renamed.has_error()) co_return renamed.error();
  co_return http::empty_response();
}

Task<Result<http::Response>> delete_passkey(const api::Api& api, http::Request& request) {
  const auto query = api::decode_query<RemoveQuery>(request);
  if (query.has_error()) co_return query.error();
  auto id = decode_base64url(request.parameter("id"));
  if (!id.has_value()) co_return Error(passkey_not_found);
  flow::Origin origin = api::origin_of(request);
  const Owner owner = owner_of(request);
  const auto others = ended_by(request, query->end_other_sessions);
  const auto removed =
      co_await remove_own_passkey(api.services, std::move(origin), owner, std::move(*id), others);
  if (removed.has_error()) co_return removed.error();
  co_return http::empty_response();
}

Task<Result<http::Response>> post_enrol_options(const api::Api& api, http::Request& request) {
  auto body = api::decode<EnrolOptionsRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  const auto made =
      co_await options_at_sign_in(api.services, std::move(origin), std::move(body->login_token));
  if (made.has_error()) co_return made.error();
  const auto answer = creation_options(made->options, made->account);
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_enrol(const api::Api& api, http::Request& request) {
  auto body = api::decode<EnrolRequest>(request);
  if (body.has_error()) co_return body.error();
  auto made = read_registration(body->credential, body->name);
  if (!made.has_value()) co_return Error(invalid_passkey);
  flow::Origin origin = api::origin_of(request);
  auto enrolled = co_await add_at_sign_in(api.services, std::move(origin), std::move(body->login_token),
                                          std::move(*made));
  if (enrolled.has_error()) co_return enrolled.error();
  co_return http::json_response(200, api::to_json(api::enrolled_response(std::move(*enrolled))));
}

Task<Result<http::Response>> post_login_options(const api::Api& api, http::Request& request) {
  auto body = api::decode<LoginOptionsRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  const auto options =
      co_await sign_in_options(api.services, std::move(origin), std::move(body->login_token));
  if (options.has_error()) co_return options.error();
  const auto answer = request_options(*options);
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_proof_options(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  const Owner owner = owner_of(request);
  const auto options = co_await proof_options(api.services, std::move(origin), owner);
  if (options.has_error()) co_return options.error();
  const auto answer = request_options(*options);
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_login(const api::Api& api, http::Request& request) {
  auto body = api::decode<LoginRequest>(request);
  if (body.has_error()) co_return body.error();
  auto assertion = api::read_assertion(body->credential);
  if (assertion.has_error()) co_return assertion.error();
  flow::Origin origin = api::origin_of(request);
  auto tokens =
      co_await sign_in(api.services, std::move(origin), std::move(body->login_token), std::move(*assertion));
  co_return api::answer_tokens(std::move(tokens));
}

/// Browsers ask the domain of the relying party whether a page of another domain may use its passkeys
/// (WebAuthn §5.11).
Task<Result<http::Response>> get_related_origins(const api::Api& api, http::Request&) {
  const auto party = flow::signin::relying_party(api.services);
  RelatedOrigins answer;
  if (party.has_value()) {
    std::ranges::copy_if(party->origins, std::back_inserter(answer.origins),
                         [](const std::string& origin) { return origin.starts_with("http"); });
  }
  if (answer.origins.size() < 2) co_return Error(not_found);
  co_return http::json_response(200, api::to_json(answer));
}

constexpr api::Endpoint rows[] = {
    {
        .method = http::Method::get,
        .path = "/api/users/me/passkeys",
        .tag = "passkeys",
        .summary = "The caller's passkeys, the oldest first",
        .access = api::signed_in,
        .answer = api::gives_list<PasskeyResponse>("Passkeys"),
        .refusals = {invalid_token},
        .head = http::Head::allowed,
        .counter = "passkeys",
        .handler = get_passkeys,
    },
    {
        .method = http::Method::post,
        .path = "/api/users/me/passkeys/options",
        .tag = "passkeys",
        .summary = "What a browser needs to make a passkey",
        .description =
            "For `PublicKeyCredential.parseCreationOptionsFromJSON`. The challenge is good for five "
            "minutes, for this account, and once.",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .answer = api::gives<CreationOptions>(),
        .refusals = {invalid_token, recent_sign_in_required, too_many_passkeys, passkeys_unavailable},
        .counter = "passkeys",
        .handler = post_options,
    },
    {
        .method = http::Method::post,
        .path = "/api/users/me/passkeys",
        .tag = "passkeys",
        .summary = "Add the passkey that a browser has made",
        .description =
            "`credential` is what the browser's `toJSON` answers. The owner is told by mail. The first "
            "second factor of an account also makes its recovery codes.",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .body = api::takes<AddPasskeyRequest>(),
        .answer = api::gives<AddedResponse>(201),
        .refusals = {malformed_json, validation_failed, invalid_token, recent_sign_in_required,
                     invalid_passkey, too_many_passkeys, passkeys_unavailable},
        .counter = "passkeys",
        .handler = post_passkey,
    },
    {
        .method = http::Method::patch,
        .path = "/api/users/me/passkeys/{id}",
        .tag = "passkeys",
        .summary = "Rename one of the caller's passkeys",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .body = api::takes<RenameRequest>(),
        .answer = api::gives_nothing(),
        .refusals = {malformed_json, validation_failed, invalid_token, recent_sign_in_required,
                     passkey_not_found},
        .counter = "passkeys",
        .handler = patch_passkey,
    },
    {
        .method = http::Method::delete_,
        .path = "/api/users/me/passkeys/{id}",
        .tag = "passkeys",
        .summary = "Remove one of the caller's passkeys",
        .description = "The owner is told by mail. The last passkey of an account without a password stays.",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .query = api::takes_query<RemoveQuery>(),
        .answer = api::gives_nothing(),
        .refusals = {invalid_token, recent_sign_in_required, passkey_not_found, last_way_in,
                     validation_failed},
        .counter = "passkeys",
        .handler = delete_passkey,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/login/enrol/passkey/options",
        .tag = "auth",
        .summary = "Go on with a sign-in that needs a first factor: what a browser needs to make a passkey",
        .description = "After the refusal `factor_enrolment_required`. Nothing is stored, and the login "
                       "token stays good.",
        .rate = api::rates::sign_in,
        .body = api::takes<EnrolOptionsRequest>(),
        .answer = api::gives<CreationOptions>(),
        .refusals = {malformed_json, validation_failed, invalid_login_token, account_blocked,
                     second_factor_required, new_password_required, account_deletion_scheduled,
                     passkeys_unavailable},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login_enrol",
        .handler = post_enrol_options,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/login/enrol/passkey",
        .tag = "auth",
        .summary = "Add the passkey that a browser has made as the first factor, and sign in",
        .description = "The passkey counts as the second factor of this sign-in. If a further step is "
                       "missing, its refusal carries the recovery codes.",
        .rate = api::rates::sign_in,
        .body = api::takes<EnrolRequest>(),
        .answer = api::gives<api::EnrolledResponse>(),
        .refusals = {malformed_json, validation_failed, invalid_passkey, invalid_login_token, account_blocked,
                     second_factor_required, new_password_required, account_deletion_scheduled,
                     passkeys_unavailable},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login_enrol",
        .handler = post_enrol,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/login/passkey/options",
        .tag = "auth",
        .summary = "What a browser needs to answer with a passkey",
        .description =
            "For `PublicKeyCredential.parseRequestOptionsFromJSON`. Without a login token the answer names "
            "no account and is the same for everybody: the browser offers what it has for this site, also "
            "in the form (`mediation: \"conditional\"`). With one it names the passkeys of the account "
            "that has given its first proof.",
        .rate = api::rates::sign_in,
        .body = api::takes<LoginOptionsRequest>(),
        .answer = api::gives<api::RequestOptions>(),
        .refusals = {malformed_json, validation_failed, invalid_login_token, account_blocked,
                     passkeys_unavailable},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login_passkey",
        .handler = post_login_options,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/login/passkey",
        .tag = "auth",
        .summary = "Sign in with a passkey, or give one as the second factor",
        .description =
            "`credential` is what the browser's `toJSON` answers. A passkey whose authenticator has asked "
            "for "
            "a fingerprint, a face or a PIN is enough by itself; any other is the second factor of a "
            "password or of a mailed code.",
        .rate = api::rates::sign_in,
        .body = api::takes<LoginRequest>(),
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {malformed_json, validation_failed, invalid_passkey, invalid_login_token,
                     email_not_confirmed, account_blocked, password_required, factor_enrolment_required,
                     new_password_required, account_deletion_scheduled, passkeys_unavailable},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login_passkey",
        .handler = post_login,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/sudo/passkey/options",
        .tag = "auth",
        .summary = "What a browser needs to prove by a passkey that its user is still there",
        .description = "What the browser answers goes to `POST /api/auth/sudo`.",
        .access = api::signed_in,
        .rate = api::rates::sign_in,
        .answer = api::gives<api::RequestOptions>(),
        .refusals = {invalid_token, passkeys_unavailable},
        .counter = "sudo",
        .handler = post_proof_options,
    },
    {
        .method = http::Method::get,
        .path = "/.well-known/webauthn",
        .tag = "passkeys",
        .summary = "The origins that may use the passkeys of this server's domain",
        .description = "Only where `passkeys.origins` names some (WebAuthn level 3 §5.11).",
        .answer = api::gives<RelatedOrigins>(),
        .refusals = {not_found},
        .head = http::Head::allowed,
        .counter = "well_known",
        .handler = get_related_origins,
    },
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::passkeys
