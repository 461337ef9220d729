#include "api/passkey_assertion.h"

#include <algorithm>

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
