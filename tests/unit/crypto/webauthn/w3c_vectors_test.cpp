#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "crypto/webauthn/attestation.h"
#include "crypto/webauthn/ceremony.h"

namespace latchkey::crypto::webauthn {
namespace {

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

Bytes member(const boost::json::value& object, const char* name) {
  return from_hex(object.at(name).get_string());
}

/// The file beside this one.
boost::json::array read_vectors() {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "w3c_vectors.json");
  std::stringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str()).at("vectors").as_array();
}

struct Outcome {
  std::optional<Check> registration;  ///< where it fails
  std::optional<Check> assertion;
};

/// What must come of each, in the order of the specification.
constexpr auto taken = std::nullopt;
const Outcome outcomes[] = {
    {taken, taken},                              // ES256, none
    {taken, taken},                              // ES256, self attestation
    {Check::cross_origin, Check::cross_origin},  // 3: made within a frame
    {Check::cross_origin, Check::cross_origin},  // 4: the same, with the frame's origin
    {taken, taken},                              // an id of 1,023 bytes
    {taken, taken},                              // ES256, packed
    {Check::algorithm, Check::public_key},       // ES384
    {Check::algorithm, Check::public_key},       // ES512
    {taken, taken},                              // RS256
    {taken, taken},                              // Ed25519
    {Check::algorithm, Check::public_key},       // Ed448
    {Check::attestation_format, taken},          // TPM
    {Check::attestation_format, taken},          // Android key
    {Check::attestation_format, taken},          // Apple
    {Check::attestation_format, taken},          // FIDO U2F
};

template <class T>
std::optional<Check> failure_of(const Verified<T>& result) {
  if (result.has_value()) return std::nullopt;
  return result.error();
}

std::string text_of(std::optional<Check> check) { return check ? std::string(name_of(*check)) : "taken"; }

TEST(WebauthnVectors, EachOfTheSpecificationsIsTakenOrRefusedAsItMustBe) {
  const auto vectors = read_vectors();
  ASSERT_EQ(vectors.size(), std::size(outcomes));
  const std::string origins[] = {"https://example.org"};
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    SCOPED_TRACE(std::string(vectors[i].at("name").get_string()));
    const auto& made = vectors[i].at("registration");
    const Bytes challenge = member(made, "challenge");
    const Bytes id = member(made, "credential_id");
    const Bytes client_data = member(made, "clientDataJSON");
    const Bytes object = member(made, "attestationObject");
    const Expected expected{.challenge = challenge, .origins = origins, .rp_id = "example.org"};
    const auto registered = verify_registration(
        expected, Mediation::by_user,
        {.id = id, .client_data_json = view_text(client_data), .attestation_object = object});
    EXPECT_EQ(text_of(failure_of(registered)), text_of(outcomes[i].registration));

    // The record as it would have been stored if all formats were taken.
    const auto parsed = AttestationObject::parse(object);
    ASSERT_TRUE(parsed);
    const auto data = AuthenticatorData::parse(parsed->authenticator_data);
    ASSERT_TRUE(data && data->credential);
    if (registered.has_value()) {
      EXPECT_EQ(Bytes(registered->id.begin(), registered->id.end()), id);
      EXPECT_TRUE(std::equal(registered->public_key.begin(), registered->public_key.end(),
                             data->credential->public_key.encoding().begin()));
    }
    const auto& used = vectors[i].at("authentication");
    const Bytes get_challenge = member(used, "challenge");
    const Bytes get_client_data = member(used, "clientDataJSON");
    const Bytes get_data = member(used, "authenticatorData");
    const Bytes signature = member(used, "signature");
    const Expected get_expected{.challenge = get_challenge, .origins = origins, .rp_id = "example.org"};
    const Credential credential{.public_key = data->credential->public_key.encoding(),
                                .sign_count = data->sign_count,
                                .is_backup_eligible = data->is_backup_eligible};
    Assertion assertion{.client_data_json = view_text(get_client_data),
                        .authenticator_data = get_data,
                        .signature = signature};
    const auto asserted = verify_assertion(get_expected, User::known, credential, assertion);
    EXPECT_EQ(text_of(failure_of(asserted)), text_of(outcomes[i].assertion));

    // One bit of the signature, where it would have been taken.
    Bytes wrong = signature;
    wrong.back() ^= 1U;
    assertion.signature = wrong;
    if (asserted.has_value()) {
      EXPECT_EQ(text_of(failure_of(verify_assertion(get_expected, User::known, credential, assertion))),
                "signature");
    }
  }
}

}  // namespace
}  // namespace latchkey::crypto::webauthn
