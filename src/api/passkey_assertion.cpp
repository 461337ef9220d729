#include "api/passkey_assertion.h"

#include <algorithm>

#include "api/decode.h"
#include "api/encode.h"
#include "flow/signin/relying_party.h"

namespace latchkey::api {

std::vector<CredentialDescriptor> descriptors_of(const std::vector<store::passkeys::Passkey>& passkeys) {
  std::vector<CredentialDescriptor> descriptors;
  descriptors.reserve(passkeys.size());
  for (const auto& passkey : passkeys) {
    descriptors.push_back({.type = std::string(public_key),
                           .id = encode_base64url(passkey.id),
                           .transports = store::passkeys::split_transports(passkey.transports)});
  }
  return descriptors;
}

RequestOptions request_options(std::string rp_id, ByteView challenge,
                               const std::vector<store::passkeys::Passkey>& allowed) {
  constexpr auto timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(flow::signin::passkey_challenge_ttl);
  return {.challenge = encode_base64url(challenge),
          .timeout = timeout.count(),
          .rp_id = std::move(rp_id),
          .allowed = descriptors_of(allowed),
          .user_verification = "preferred"};
}

std::optional<std::string> passkey_options_of_account(const flow::Services& services, Timestamp now,
                                                      flow::signin::Ceremony ceremony, const Subject& account,
                                                      const std::vector<store::passkeys::Passkey>& allowed) {
  if (allowed.empty()) return std::nullopt;
  auto party = flow::signin::relying_party(services);
  if (party.has_error()) return std::nullopt;
  const auto keys = services.keys.current();
  const auto challenge = flow::signin::make_passkey_challenge(keys->ring(), ceremony, account, now);
  return to_json(request_options(std::move(party->id), challenge, allowed));
}

Result<flow::signin::PasskeyAssertion> read_assertion(std::string_view text) {
  const auto credential = decode_json<AuthenticationCredential>(text);
  if (credential.has_error()) return Error(ErrorCode::invalid_passkey);
  return read_assertion(*credential);
}

std::optional<Bytes> read_credential_id(const std::string& id, const std::string& raw_id) {
  if (id != raw_id) return std::nullopt;
  return decode_base64url(id);
}

Result<flow::signin::PasskeyAssertion> read_assertion(const AuthenticationCredential& credential) {
  const auto& response = credential.response;
  auto id = read_credential_id(credential.id, credential.raw_id);
  const auto client_data = decode_base64url(response.client_data_json);
  auto data = decode_base64url(response.authenticator_data);
  auto signature = decode_base64url(response.signature);
  if (!id || !client_data || !data || !signature) return Error(ErrorCode::invalid_passkey);
  flow::signin::PasskeyAssertion assertion{.id = std::move(*id),
                                           .client_data_json = std::string(view_text(*client_data)),
                                           .authenticator_data = std::move(*data),
                                           .signature = std::move(*signature),
                                           .user_handle = {}};
  if (response.user_handle.has_value()) {
    auto handle = decode_base64url(*response.user_handle);
    if (!handle.has_value()) return Error(ErrorCode::invalid_passkey);
    assertion.user_handle = std::move(*handle);
  }
  return assertion;
}

}  // namespace latchkey::api
