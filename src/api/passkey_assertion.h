#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/described.h"
#include "base/bytes.h"
#include "flow/services.h"
#include "flow/signin/passkey_challenge.h"
#include "flow/signin/prove_passkey.h"
#include "store/passkeys.h"

/// Asking a browser to answer with a passkey, and its answer, with the names and the form of WebAuthn level 3
/// §5.1, so that browsers read and write them by themselves (`parseRequestOptionsFromJSON`, `toJSON`).
namespace latchkey::api {

inline constexpr std::string_view public_key = "public-key";

struct CredentialDescriptor {
  std::string type;
  std::string id;
  std::vector<std::string> transports;
};
constexpr auto describe(const CredentialDescriptor*) {
  return object("PasskeyDescriptor", member("type", &CredentialDescriptor::type),
                member("id", &CredentialDescriptor::id, {.meaning = "base64url"}),
                member("transports", &CredentialDescriptor::transports));
}
std::vector<CredentialDescriptor> descriptors_of(const std::vector<store::passkeys::Passkey>& passkeys);

struct RequestOptions {
  std::string challenge;
  std::int64_t timeout = 0;
  std::string rp_id;
  std::vector<CredentialDescriptor> allowed;
  std::string user_verification;
};
constexpr auto describe(const RequestOptions*) {
  return object("PublicKeyCredentialRequestOptionsJSON",
                member("challenge", &RequestOptions::challenge, {.meaning = "base64url"}),
                member("timeout", &RequestOptions::timeout, {.meaning = "in milliseconds"}),
                member("rpId", &RequestOptions::rp_id),
                member("allowCredentials", &RequestOptions::allowed,
                       {.meaning = "empty where nothing has named the account"}),
                member("userVerification", &RequestOptions::user_verification));
}

struct AssertionResponse {
  std::string client_data_json;
  std::string authenticator_data;
  std::string signature;
  std::optional<std::string> user_handle;
};
constexpr auto describe(const AssertionResponse*) {
  return object("AuthenticatorAssertionResponseJSON",
                member("clientDataJSON", &AssertionResponse::client_data_json, {.meaning = "base64url"}),
                member("authenticatorData", &AssertionResponse::authenticator_data, {.meaning = "base64url"}),
                member("signature", &AssertionResponse::signature, {.meaning = "base64url"}),
                member("userHandle", &AssertionResponse::user_handle,
                       {.meaning = "base64url; needed where nothing else names the account"}));
}

struct AuthenticationCredential {
  std::string id;
  std::string raw_id;
  std::string type;
  AssertionResponse response;
};
constexpr auto describe(const AuthenticationCredential*) {
  return object("AuthenticationResponseJSON",
                member("id", &AuthenticationCredential::id, {.meaning = "base64url; the same as `rawId`"}),
                member("rawId", &AuthenticationCredential::raw_id),
                member("type", &AuthenticationCredential::type, {.constant = public_key}),
                member("response", &AuthenticationCredential::response));
}

/// What asks a browser for a passkey. `allowed`: empty, and any that the browser has for this site will do.
RequestOptions request_options(std::string rp_id, ByteView challenge,
                               const std::vector<store::passkeys::Passkey>& allowed);

/// The same as the JSON text that a page holds, with a challenge of now. Nothing where there can be no
/// passkeys (relying_party.h), and for an account that has none.
std::optional<std::string> passkey_options_of_account(const flow::Services& services, Timestamp now,
                                                      flow::signin::Ceremony ceremony, const Subject& account,
                                                      const std::vector<store::passkeys::Passkey>& allowed);

/// The answer of a browser, as a form of a page carries it: the JSON text of `toJSON`. Refuses with
/// invalid_passkey.
Result<flow::signin::PasskeyAssertion> read_assertion(std::string_view text);

/// The id that both members spell; nothing otherwise.
std::optional<Bytes> read_credential_id(const std::string& id, const std::string& raw_id);

/// Refuses with invalid_passkey what is no base64url.
Result<flow::signin::PasskeyAssertion> read_assertion(const AuthenticationCredential& credential);

}  // namespace latchkey::api
