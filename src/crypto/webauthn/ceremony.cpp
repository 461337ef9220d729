#include "crypto/webauthn/ceremony.h"

#include <algorithm>
#include <stdexcept>

#include "crypto/sha256.h"
#include "crypto/webauthn/attestation.h"
#include "crypto/webauthn/client_data.h"
#include "crypto/webauthn/cose_key.h"

namespace latchkey::crypto::webauthn {
namespace {

constexpr std::size_t max_credential_id_size = 1023;  // §7.1, step 25

bool are_equal(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

/// What a browser says, which both ceremonies judge alike (§7.1 steps 5 to 11, §7.2 steps 8 to 14).
std::optional<Check> judge_client_data(const Expected& expected, std::string_view json,
                                       std::string_view type) {
  const auto data = parse_client_data(json);
  if (!data) return Check::client_data;
  if (data->type != type) return Check::type;
  if (data->challenge != encode_base64url(expected.challenge)) return Check::challenge;
  if (std::find(expected.origins.begin(), expected.origins.end(), data->origin) == expected.origins.end())
    return Check::origin;
  if (data->is_cross_origin) return Check::cross_origin;
  if (data->has_top_origin) return Check::top_origin;
  return std::nullopt;
}

/// What an authenticator says (§7.1 steps 14 to 17, §7.2 steps 15 to 18).
std::optional<Check> judge_flags(const Expected& expected, Mediation mediation,
                                 const AuthenticatorData& data) {
  if (data.has_reserved_flags) return Check::reserved_flags;
  if (data.rp_id_hash != sha256(expected.rp_id)) return Check::rp_id;
  if (!data.is_user_present && mediation != Mediation::conditional) return Check::user_present;
  if (!data.is_user_verified && expected.user_verification == UserVerification::required)
    return Check::user_verified;
  if (data.is_backed_up && !data.is_backup_eligible) return Check::backup_flags;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Check check) {
  switch (check) {
    case Check::user_handle:
      return "user_handle";
    case Check::client_data:
      return "client_data";
    case Check::type:
      return "type";
    case Check::challenge:
      return "challenge";
    case Check::origin:
      return "origin";
    case Check::cross_origin:
      return "cross_origin";
    case Check::top_origin:
      return "top_origin";
    case Check::attestation_object:
      return "attestation_object";
    case Check::authenticator_data:
      return "authenticator_data";
    case Check::reserved_flags:
      return "reserved_flags";
    case Check::rp_id:
      return "rp_id";
    case Check::user_present:
      return "user_present";
    case Check::user_verified:
      return "user_verified";
    case Check::backup_flags:
      return "backup_flags";
    case Check::credential:
      return "credential";
    case Check::algorithm:
      return "algorithm";
    case Check::public_key:
      return "public_key";
    case Check::attestation_format:
      return "attestation_format";
    case Check::attestation:
      return "attestation";
    case Check::credential_id:
      return "credential_id";
    case Check::backup_eligible:
      return "backup_eligible";
    case Check::signature:
      return "signature";
    case Check::sign_count:
      return "sign_count";
  }
  return "unknown";
}

void throw_exception_from_error(Check check, const boost::source_location& /*location*/) {
  throw std::logic_error("the result of a failed ceremony was used: " + std::string(name_of(check)));
}

Verified<NewCredential> verify_registration(const Expected& expected, Mediation mediation,
                                            const Registration& registration) {
  if (const auto failed = judge_client_data(expected, registration.client_data_json, "webauthn.create"))
    return *failed;

  const auto object = AttestationObject::parse(registration.attestation_object);
  if (!object) return Check::attestation_object;
  const auto data = AuthenticatorData::parse(object->authenticator_data);
  if (!data) return Check::authenticator_data;
  if (const auto failed = judge_flags(expected, mediation, *data)) return *failed;

  if (!data->credential) return Check::credential;
  const auto number = data->credential->public_key.find(3);  // `alg`, RFC 9052 §7.1
  if (!number || !number->as_integer()) return Check::public_key;
  if (!cose_algorithm(*number->as_integer())) return Check::algorithm;
  const auto key = CoseKey::from(data->credential->public_key);
  if (!key) return Check::public_key;

  if (!is_known_attestation_format(object->format)) return Check::attestation_format;
  const Attested attested{.authenticator_data = object->authenticator_data,
                          .client_data_hash = sha256(registration.client_data_json),
                          .aaguid = data->credential->aaguid,
                          .key = *key};
  if (!is_right_attestation(*object, attested)) return Check::attestation;

  const ByteView id = data->credential->id;
  if (id.size() > max_credential_id_size || !are_equal(id, registration.id)) return Check::credential_id;
  return NewCredential{.id = id,
                       .public_key = data->credential->public_key.encoding(),
                       .sign_count = data->sign_count,
                       .aaguid = data->credential->aaguid,
                       .is_user_verified = data->is_user_verified,
                       .is_backup_eligible = data->is_backup_eligible,
                       .is_backed_up = data->is_backed_up};
}

Verified<UsedCredential> verify_assertion(const Expected& expected, User user, const Credential& credential,
                                          const Assertion& assertion) {
  if (assertion.user_handle ? !are_equal(*assertion.user_handle, credential.user_handle)
                            : user == User::named_by_assertion)
    return Check::user_handle;
  if (const auto failed = judge_client_data(expected, assertion.client_data_json, "webauthn.get"))
    return *failed;

  const auto data = AuthenticatorData::parse(assertion.authenticator_data);
  if (!data) return Check::authenticator_data;
  if (const auto failed = judge_flags(expected, Mediation::by_user, *data)) return *failed;
  if (data->credential) return Check::credential;
  if (data->is_backup_eligible != credential.is_backup_eligible) return Check::backup_eligible;

  const auto encoded = Cbor::read(credential.public_key);
  const auto key = encoded ? CoseKey::from(*encoded) : std::nullopt;
  if (!key) return Check::public_key;
  Bytes message(assertion.authenticator_data.begin(), assertion.authenticator_data.end());
  const Sha256Digest hash = sha256(assertion.client_data_json);
  message.insert(message.end(), hash.begin(), hash.end());
  if (!key->verify(message, assertion.signature)) return Check::signature;

  if ((data->sign_count != 0 || credential.sign_count != 0) && data->sign_count <= credential.sign_count)
    return Check::sign_count;
  return UsedCredential{.sign_count = data->sign_count,
                        .is_user_verified = data->is_user_verified,
                        .is_backed_up = data->is_backed_up};
}

}  // namespace latchkey::crypto::webauthn
