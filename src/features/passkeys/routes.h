#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/described.h"
#include "api/endpoint.h"
#include "api/passkey_assertion.h"
#include "base/time.h"

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

struct AddPasskeyRequest {
  std::optional<std::string> name;
  RegistrationCredential credential;
};
constexpr auto describe(const AddPasskeyRequest*) {
  return api::object("AddPasskey",
                     api::member("name", &AddPasskeyRequest::name,
                                 {.meaning = "for the owner; \"Passkey\" if it is left out",
                                  .example = "Telephone",
                                  .shown_shortest = 1,
                                  .shown_longest = 64}),
                     api::member("credential", &AddPasskeyRequest::credential));
}

constexpr api::About login_token_about{.meaning = "of a sign-in that needs a further step"};

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

}  // namespace latchkey::features::passkeys
