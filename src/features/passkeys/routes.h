#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/described.h"
#include "api/endpoint.h"
#include "api/passkey_assertion.h"
#include "base/bytes.h"
#include "base/time.h"
#include "crypto/webauthn/cose_key.h"
#include "features/passkeys/new_passkey.h"
#include "features/passkeys/options.h"
#include "flow/signin/passkey_challenge.h"
#include "store/passkeys.h"

/// The bodies of the routes. Those of ceremonies have the names and the form of WebAuthn level 3 §5.1, so
/// that browsers read and write them by themselves (`parseCreationOptionsFromJSON`, `toJSON`).
namespace latchkey::features::passkeys {

extern const std::span<const api::Endpoint> endpoints;

struct RelyingPartyEntity {
  std::string id;
  std::string name;
};
constexpr auto describe(const RelyingPartyEntity*) {
  return api::object("RelyingParty",
                     api::member("id", &RelyingPartyEntity::id, {.meaning = "`passkeys.rp_id`"}),
                     api::member("name", &RelyingPartyEntity::name));
}

struct UserEntity {
  std::string id;
  std::string name;
  std::string display_name;
};
constexpr auto describe(const UserEntity*) {
  return api::object("PasskeyUser",
                     api::member("id", &UserEntity::id, {.meaning = "the subject's 16 bytes, base64url"}),
                     api::member("name", &UserEntity::name, {.meaning = "the e-mail address"}),
                     api::member("displayName", &UserEntity::display_name));
}

struct CredentialParameter {
  std::string type;
  std::int64_t algorithm = 0;
};
constexpr auto describe(const CredentialParameter*) {
  return api::object("PasskeyAlgorithm", api::member("type", &CredentialParameter::type),
                     api::member("alg", &CredentialParameter::algorithm, {.meaning = "a COSE algorithm"}));
}

struct AuthenticatorSelection {
  std::string resident_key;
  bool require_resident_key = false;
  std::string user_verification;
};
constexpr auto describe(const AuthenticatorSelection*) {
  return api::object("AuthenticatorSelection",
                     api::member("residentKey", &AuthenticatorSelection::resident_key),
                     api::member("requireResidentKey", &AuthenticatorSelection::require_resident_key),
                     api::member("userVerification", &AuthenticatorSelection::user_verification));
}

struct CreationOptions {
  RelyingPartyEntity rp;
  UserEntity user;
  std::string challenge;
  std::vector<CredentialParameter> parameters;
  std::int64_t timeout = 0;
  std::vector<api::CredentialDescriptor> exclude;
  AuthenticatorSelection selection;
  std::string attestation;
};
constexpr auto describe(const CreationOptions*) {
  return api::object("PublicKeyCredentialCreationOptionsJSON", api::member("rp", &CreationOptions::rp),
                     api::member("user", &CreationOptions::user),
                     api::member("challenge", &CreationOptions::challenge, {.meaning = "base64url"}),
                     api::member("pubKeyCredParams", &CreationOptions::parameters),
                     api::member("timeout", &CreationOptions::timeout, {.meaning = "in milliseconds"}),
                     api::member("excludeCredentials", &CreationOptions::exclude),
                     api::member("authenticatorSelection", &CreationOptions::selection),
                     api::member("attestation", &CreationOptions::attestation));
}

struct AttestationResponse {
  std::string client_data_json;
  std::string attestation_object;
  std::optional<std::vector<std::string>> transports;
};
constexpr auto describe(const AttestationResponse*) {
  return api::object(
      "AuthenticatorAttestationResponseJSON",
      api::member("clientDataJSON", &AttestationResponse::client_data_json, {.meaning = "base64url"}),
      api::member("attestationObject", &AttestationResponse::attestation_object, {.meaning = "base64url"}),
      api::member("transports", &AttestationResponse::transports));
}

struct RegistrationCredential {
  std::string id;
  std::string raw_id;
  std::string type;
  AttestationResponse response;
};
constexpr auto describe(const RegistrationCredential*) {
  return api::object(
      "RegistrationResponseJSON",
      api::member("id", &RegistrationCredential::id, {.meaning = "base64url; the same as `rawId`"}),
      api::member("rawId", &RegistrationCredential::raw_id),
      api::member("type", &RegistrationCredential::type, {.constant = api::public_key}),
      api::member("response", &RegistrationCredential::response,
                  {.meaning = "members beside these are not read: nobody has signed them"}));
}

constexpr api::About passkey_name{.meaning = "for the owner; \"Passkey\" if it is left out",
                                  .example = "Telephone",
                                  .shown_shortest = 1,
                                  .shown_longest = 64};
constexpr api::About ended_sessions{.meaning = "whether all other sessions of the account end"};

struct AddPasskeyRequest {
  std::optional<std::string> name;
  RegistrationCredential credential;
  std::optional<bool> end_other_sessions;
};
constexpr auto describe(const AddPasskeyRequest*) {
  return api::object(
      "AddPasskey", api::member("name", &AddPasskeyRequest::name, passkey_name),
      api::member("credential", &AddPasskeyRequest::credential),
      api::member("end_other_sessions", &AddPasskeyRequest::end_other_sessions, ended_sessions));
}

struct RemoveQuery {
  std::optional<bool> end_other_sessions;
};
constexpr auto describe(const RemoveQuery*) {
  return api::object("RemovePasskey",
                     api::member("end_other_sessions", &RemoveQuery::end_other_sessions, ended_sessions));
}

constexpr api::About login_token_about{.meaning = "of a sign-in that needs a further step"};

constexpr api::About enrolment_token_about{.meaning = "of the answer that asks for a first second factor"};

struct EnrolOptionsRequest {
  std::string login_token;
};
constexpr auto describe(const EnrolOptionsRequest*) {
  return api::object("PasskeyOptionsAtLogin",
                     api::member("login_token", &EnrolOptionsRequest::login_token, enrolment_token_about));
}

struct EnrolRequest {
  std::string login_token;
  std::optional<std::string> name;
  RegistrationCredential credential;
};
constexpr auto describe(const EnrolRequest*) {
  return api::object("AddPasskeyAtLogin",
                     api::member("login_token", &EnrolRequest::login_token, enrolment_token_about),
                     api::member("name", &EnrolRequest::name, passkey_name),
                     api::member("credential", &EnrolRequest::credential));
}

struct LoginOptionsRequest {
  std::optional<std::string> login_token;
};
constexpr auto describe(const LoginOptionsRequest*) {
  return api::object("PasskeyLoginOptions",
                     api::member("login_token", &LoginOptionsRequest::login_token, login_token_about));
}

struct LoginRequest {
  std::optional<std::string> login_token;
  api::AuthenticationCredential credential;
};
constexpr auto describe(const LoginRequest*) {
  return api::object("PasskeyLogin",
                     api::member("login_token", &LoginRequest::login_token, login_token_about),
                     api::member("credential", &LoginRequest::credential));
}

struct RenameRequest {
  std::string name;
};
constexpr auto describe(const RenameRequest*) {
  return api::object("RenamePasskey",
                     api::member("name", &RenameRequest::name,
                                 {.example = "Laptop", .shown_shortest = 1, .shown_longest = 64}));
}

struct PasskeyResponse {
  std::string id;
  std::string name;
  std::string aaguid;
  std::vector<std::string> transports;
  bool backed_up = false;
  Timestamp created_at;
  Timestamp last_used_at;
};
constexpr auto describe(const PasskeyResponse*) {
  return api::object(
      "Passkey", api::member("id", &PasskeyResponse::id, {.meaning = "the credential id, base64url"}),
      api::member("name", &PasskeyResponse::name),
      api::member("aaguid", &PasskeyResponse::aaguid,
                  {.meaning = "the model that the authenticator claims to be; nobody has attested it"}),
      api::member("transports", &PasskeyResponse::transports),
      api::member("backed_up", &PasskeyResponse::backed_up,
                  {.meaning = "whether it is kept in more than one place, as the authenticator says"}),
      api::member("created_at", &PasskeyResponse::created_at),
      api::member("last_used_at", &PasskeyResponse::last_used_at));
}

struct AddedResponse {
  PasskeyResponse passkey;
  std::optional<std::vector<std::string>> recovery_codes;
};
constexpr auto describe(const AddedResponse*) {
  return api::object(
      "AddedPasskey", api::member("passkey", &AddedResponse::passkey),
      api::member("recovery_codes", &AddedResponse::recovery_codes,
                  {.meaning = "of an account that had no second factor before; never shown again"}));
}

struct RelatedOrigins {
  std::vector<std::string> origins;
};
constexpr auto describe(const RelatedOrigins*) {
  return api::object("RelatedOrigins", api::member("origins", &RelatedOrigins::origins));
}

// What the rules answer, as bodies, and the other way round.

inline constexpr std::int64_t timeout_ms =
    std::chrono::duration_cast<std::chrono::milliseconds>(flow::signin::passkey_challenge_ttl).count();

inline PasskeyResponse passkey_response(const store::passkeys::Passkey& passkey) {
  Subject model;  // an AAGUID is written as a UUID, as subjects are
  std::copy_n(passkey.aaguid.begin(), std::min(passkey.aaguid.size(), model.bytes.size()),
              model.bytes.begin());
  return {.id = encode_base64url(passkey.id),
          .name = passkey.name,
          .aaguid = to_string(model),
          .transports = store::passkeys::split_transports(passkey.transports),
          .backed_up = passkey.is_backed_up,
          .created_at = passkey.created_at,
          .last_used_at = passkey.last_used_at};
}

/// `Account`: the caller, or whoever signs in.
template <class Account>
CreationOptions creation_options(const RegistrationOptions& options, const Account& user) {
  CreationOptions answer{.rp = {.id = options.party.id, .name = options.party.id},
                         .user = {.id = encode_base64url(user.subject.bytes),
                                  .name = std::string(std::string_view(user.email)),
                                  .display_name = std::string(std::string_view(user.username))},
                         .challenge = encode_base64url(options.challenge),
                         .parameters = {},
                         .timeout = timeout_ms,
                         .exclude = api::descriptors_of(options.existing),
                         .selection = {.resident_key = "preferred",
                                       .require_resident_key = false,
                                       .user_verification = "preferred"},
                         .attestation = "none"};
  for (const auto algorithm : crypto::webauthn::cose_algorithms)
    answer.parameters.push_back(
        {.type = std::string(api::public_key), .algorithm = static_cast<std::int64_t>(algorithm)});
  return answer;
}

inline api::RequestOptions request_options(const AnswerOptions& options) {
  return api::request_options(options.rp_id, options.challenge, options.allowed);
}

/// Nothing where a member is not what it has to be.
inline std::optional<NewPasskey> read_registration(RegistrationCredential& credential,
                                                   std::optional<std::string>& name) {
  auto& response = credential.response;
  auto id = api::read_credential_id(credential.id, credential.raw_id);
  const auto client_data = decode_base64url(response.client_data_json);
  auto object = decode_base64url(response.attestation_object);
  if (!id || !client_data || !object) return std::nullopt;
  NewPasskey made{.name = std::move(name).value_or("Passkey"),
                  .id = std::move(*id),
                  .client_data_json = std::string(view_text(*client_data)),
                  .attestation_object = std::move(*object),
                  .transports = {}};
  if (response.transports.has_value()) made.transports = std::move(*response.transports);
  return made;
}

}  // namespace latchkey::features::passkeys
