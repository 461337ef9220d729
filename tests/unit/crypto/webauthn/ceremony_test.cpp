#include "crypto/webauthn/ceremony.h"

#include <gtest/gtest.h>

#include "crypto/webauthn/client_data.h"
#include "unit/crypto/webauthn/authenticator.h"

namespace latchkey::crypto::webauthn {
namespace {

using test::Authenticator;

/// A ceremony that would be taken. A test changes one thing and sees which check finds it.
class WebauthnCeremony : public testing::Test {
 protected:
  static constexpr std::uint8_t registering = Authenticator::present | Authenticator::with_credential;

  std::string register_with(const Bytes& object, std::string_view client_data) {
    const Expected expected{.challenge = challenge_,
                            .origins = origins_,
                            .rp_id = "example.org",
                            .user_verification = verification_};
    const auto result = verify_registration(
        expected, mediation_,
        {.id = client_id_, .client_data_json = client_data, .attestation_object = object});
    return result.has_value() ? "taken" : std::string(name_of(result.error()));
  }
  std::string register_flags(std::uint8_t flags) {
    return register_with(Authenticator::object("none", Bytes{0xa0}, authenticator_.data(flags)),
                         authenticator_.client_data("webauthn.create"));
  }
  std::string register_self() {
    const auto client_data = authenticator_.client_data("webauthn.create");
    const auto data = authenticator_.data(registering);
    return register_with(
        Authenticator::object("packed", authenticator_.self_statement(data, client_data), data), client_data);
  }

  std::string assert_with(ByteView data, std::string_view client_data, ByteView signature) {
    const Expected expected{.challenge = challenge_,
                            .origins = origins_,
                            .rp_id = "example.org",
                            .user_verification = verification_};
    const Credential credential{.public_key = stored_key_,
                                .sign_count = stored_count_,
                                .is_backup_eligible = stored_eligible_,
                                .user_handle = view_bytes("ada")};
    const auto result = verify_assertion(expected, user_, credential,
                                         {.client_data_json = client_data,
                                          .authenticator_data = data,
                                          .signature = signature,
                                          .user_handle = user_handle_});
    return result.has_value() ? "taken" : std::string(name_of(result.error()));
  }
  std::string assert_flags(std::uint8_t flags) {
    const auto client_data = authenticator_.client_data("webauthn.get");
    const auto data = authenticator_.data(flags);
    return assert_with(data, client_data, authenticator_.sign(data, client_data));
  }

  Authenticator authenticator_;
  Bytes challenge_ = Bytes(32, 7);
  std::vector<std::string> origins_{"https://example.org"};
  UserVerification verification_ = UserVerification::preferred;
  Mediation mediation_ = Mediation::by_user;
  Bytes client_id_ = authenticator_.id;
  User user_ = User::known;
  std::optional<ByteView> user_handle_;
  Bytes stored_key_ = authenticator_.public_key;
  std::uint32_t stored_count_ = 0;
  bool stored_eligible_ = false;
};

constexpr std::uint8_t present = Authenticator::present;

TEST_F(WebauthnCeremony, WhatIsRightIsTaken) {
  EXPECT_EQ(register_flags(registering), "taken");
  EXPECT_EQ(register_self(), "taken");
  EXPECT_EQ(assert_flags(present), "taken");
}

TEST_F(WebauthnCeremony, ClientDataOfAnotherCeremonyPageOrFrameIsRefusedInBoth) {
  const auto both = [&](std::string_view expected) {
    EXPECT_EQ(register_flags(registering), expected);
    EXPECT_EQ(assert_flags(present), expected);
  };
  authenticator_.challenge[31] ^= 1;
  both("challenge");
  authenticator_ = Authenticator();
  stored_key_ = authenticator_.public_key;
  for (const char* origin : {"https://example.org.evil.example", "http://example.org",
                             "https://example.org:8443", "https://EXAMPLE.org", "https://example.org/"}) {
    authenticator_.origin = origin;
    both("origin");
  }
  authenticator_.origin = "https://example.org";
  authenticator_.more_client_data = R"(,"topOrigin":"https://example.com")";
  both("top_origin");
  authenticator_.more_client_data = R"(,"origin":"https://example.org")";  // twice
  both("client_data");
  authenticator_.more_client_data = "," + std::string(max_client_data_size, ' ');
  both("client_data");
}

TEST_F(WebauthnCeremony, ClientDataOfTheOtherTypeIsRefused) {
  const auto object = Authenticator::object("none", Bytes{0xa0}, authenticator_.data(registering));
  EXPECT_EQ(register_with(object, authenticator_.client_data("webauthn.get")), "type");
  const auto client_data = authenticator_.client_data("webauthn.create");
  const auto data = authenticator_.data(present);
  EXPECT_EQ(assert_with(data, client_data, authenticator_.sign(data, client_data)), "type");
}

TEST_F(WebauthnCeremony, ClientDataThatIsNoStrictJsonIsRefused) {
  const auto object = Authenticator::object("none", Bytes{0xa0}, authenticator_.data(registering));
  for (const char* text :
       {"", "[]", "{", R"({"type":"webauthn.create"})", R"({"type":1,"challenge":"","origin":""})",
        R"({"type":"webauthn.create","challenge":"","origin":"","crossOrigin":"false"})"})
    EXPECT_EQ(register_with(object, text), "client_data") << text;
  EXPECT_EQ(
      register_with(object, R"({"type":"webauthn.create","challenge":"","origin":"","crossOrigin":true})"),
      "challenge");
  // A byte order mark is taken off.
  EXPECT_EQ(register_with(object, "\xef\xbb\xbf" + authenticator_.client_data("webauthn.create")), "taken");
}

TEST_F(WebauthnCeremony, FlagsAreJudgedInBoth) {
  const auto both = [&](std::uint8_t flags) {
    const auto registered = register_flags(flags | Authenticator::with_credential);
    EXPECT_EQ(registered, assert_flags(flags));
    return registered;
  };
  EXPECT_EQ(both(present | 0x02), "reserved_flags");
  EXPECT_EQ(both(present | 0x20), "reserved_flags");
  EXPECT_EQ(both(0), "user_present");
  EXPECT_EQ(both(present | Authenticator::backed_up), "backup_flags");
  verification_ = UserVerification::required;
  EXPECT_EQ(both(present), "user_verified");
  EXPECT_EQ(both(present | Authenticator::verified), "taken");
}

TEST_F(WebauthnCeremony, AnotherSiteIsRefusedInBoth) {
  authenticator_.rp_id = "evil.example";
  EXPECT_EQ(register_flags(registering), "rp_id");
  EXPECT_EQ(assert_flags(present), "rp_id");
}

TEST_F(WebauthnCeremony, NobodyHasToBePresentWhereTheBrowserMadeItByItself) {
  mediation_ = Mediation::conditional;
  EXPECT_EQ(register_flags(Authenticator::with_credential), "taken");
}

TEST_F(WebauthnCeremony, WhatFlagsAnnounceMustBeThereAndNothingElse) {
  EXPECT_EQ(register_flags(present), "credential");
  EXPECT_EQ(assert_flags(registering), "credential");
  EXPECT_EQ(assert_flags(present | Authenticator::with_extensions), "authenticator_data");
  authenticator_.behind = {0xa0};
  EXPECT_EQ(assert_flags(present), "authenticator_data");
  EXPECT_EQ(register_flags(registering), "authenticator_data");
  EXPECT_EQ(assert_flags(present | Authenticator::with_extensions), "taken");
  EXPECT_EQ(register_flags(registering | Authenticator::with_extensions), "taken");
  authenticator_.behind = {0xa0, 0x00};
  EXPECT_EQ(assert_flags(present | Authenticator::with_extensions), "authenticator_data");
  authenticator_.behind = {0x80};
  EXPECT_EQ(assert_flags(present | Authenticator::with_extensions), "authenticator_data");
}

TEST_F(WebauthnCeremony, TheAttestationObjectHasItsThreeMembers) {
  const auto client_data = authenticator_.client_data("webauthn.create");
  const auto data = authenticator_.data(registering);
  Bytes object = Authenticator::object("none", Bytes{0xa0}, data);
  object.push_back(0);
  EXPECT_EQ(register_with(object, client_data), "attestation_object");
  EXPECT_EQ(register_with(Authenticator::object("none", Bytes{0x80}, data), client_data),
            "attestation_object");
  EXPECT_EQ(register_with(Bytes{0xa0}, client_data), "attestation_object");
  EXPECT_EQ(register_with({}, client_data), "attestation_object");
  EXPECT_EQ(register_with(Bytes{0x9a, 0x0f, 0xff, 0xff, 0xff}, client_data), "attestation_object");
}

TEST_F(WebauthnCeremony, KeysThatAreMalformedOrOfAnotherAlgorithmAreRefused) {
  const Bytes right = authenticator_.public_key;
  const auto with = [&](const Bytes& key) {
    authenticator_.public_key = key;
    return register_flags(registering);
  };
  Bytes key = right;
  key[4] = 0x38;  // -8 needs no more bytes than -7: the number after it is -35
  key.insert(key.begin() + 5, 0x22);
  EXPECT_EQ(with(key), "algorithm");
  key = right;
  key[4] = 0x27;  // EdDSA with an elliptic-curve key
  EXPECT_EQ(with(key), "public_key");
  key = right;
  key[2] = 0x01;  // a key of another kind
  EXPECT_EQ(with(key), "public_key");
  key = right;
  key[6] = 0x02;  // P-384
  EXPECT_EQ(with(key), "public_key");
  key = right;
  key.back() ^= 1;  // not on the curve
  EXPECT_EQ(with(key), "public_key");
  key = right;
  key[0] = 0xa6;  // one member more, with an identifier
  key.insert(key.begin() + 3, {0x02, 0x41, 0x00});
  EXPECT_EQ(with(key), "public_key");
  EXPECT_EQ(with({0xa1, 0x01, 0x02}), "public_key");
  EXPECT_EQ(with({0x80}), "authenticator_data");
}

TEST_F(WebauthnCeremony, RsaKeysHaveASizeAndAnExponentThatProtectSomething) {
  const auto with = [&](std::size_t modulus_bytes, Bytes exponent, std::uint8_t first = 0x80,
                        std::uint8_t last = 1) {
    Bytes modulus(modulus_bytes, 0xff);
    modulus.front() = first;
    modulus.back() = last;
    authenticator_.public_key = {0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20};
    test::append_bytes(authenticator_.public_key, modulus);
    authenticator_.public_key.push_back(0x21);
    test::append_bytes(authenticator_.public_key, exponent);
    return register_flags(registering);
  };
  const Bytes usual{1, 0, 1};
  EXPECT_EQ(with(256, usual), "taken");
  EXPECT_EQ(with(512, usual), "taken");
  EXPECT_EQ(with(513, usual), "public_key");
  EXPECT_EQ(with(256, usual, 0x7f), "public_key");  // 2,047 bits
  EXPECT_EQ(with(257, usual, 0x00), "public_key");  // a leading zero
  EXPECT_EQ(with(256, usual, 0x80, 2), "public_key");
  EXPECT_EQ(with(256, {1}), "public_key");
  EXPECT_EQ(with(256, {1, 0, 0}), "public_key");
  EXPECT_EQ(with(256, {0, 1, 0, 1}), "public_key");
  EXPECT_EQ(with(256, {1, 0, 0, 0, 1}), "public_key");
  EXPECT_EQ(with(256, {}), "public_key");
}

TEST_F(WebauthnCeremony, AttestationIsEmptyOrSigned) {
  const auto client_data = authenticator_.client_data("webauthn.create");
  const auto data = authenticator_.data(registering);
  const auto statement = authenticator_.self_statement(data, client_data);
  const auto with = [&](std::string_view format, const Bytes& bytes) {
    return register_with(Authenticator::object(format, bytes, data), client_data);
  };
  EXPECT_EQ(with("packed", statement), "taken");
  EXPECT_EQ(with("none", statement), "attestation");
  EXPECT_EQ(with("packed", {0xa0}), "attestation");
  for (const char* format : {"tpm", "android-key", "apple", "fido-u2f", "android-safetynet", "None", ""})
    EXPECT_EQ(with(format, {0xa0}), "attestation_format") << format;
  Bytes wrong = statement;
  wrong.back() ^= 1U;
  EXPECT_EQ(with("packed", wrong), "attestation");
  wrong = statement;
  wrong[5] = 0x27;  // another algorithm than the credential's
  EXPECT_EQ(with("packed", wrong), "attestation");
  // By another credential.
  EXPECT_EQ(with("packed", Authenticator().self_statement(data, client_data)), "attestation");
}

TEST_F(WebauthnCeremony, TheIdIsTheOneThatTheClientNamedAndNotTooLong) {
  client_id_.back() ^= 1U;
  EXPECT_EQ(register_flags(registering), "credential_id");
  for (const std::size_t size : {1023U, 1024U}) {
    authenticator_.id = client_id_ = Bytes(size, 5);
    EXPECT_EQ(register_flags(registering), size == 1023 ? "taken" : "credential_id");
  }
  authenticator_.id = client_id_ = {};
  EXPECT_EQ(register_flags(registering), "authenticator_data");
}

TEST_F(WebauthnCeremony, TheUserIsTheCredentialsOwn) {
  user_handle_ = view_bytes("ada");
  EXPECT_EQ(assert_flags(present), "taken");
  user_handle_ = view_bytes("bob");
  EXPECT_EQ(assert_flags(present), "user_handle");
  user_handle_.reset();
  user_ = User::named_by_assertion;
  EXPECT_EQ(assert_flags(present), "user_handle");
}

TEST_F(WebauthnCeremony, WhetherACredentialCanBeBackedUpNeverChanges) {
  EXPECT_EQ(assert_flags(present | Authenticator::eligible), "backup_eligible");
  stored_eligible_ = true;
  EXPECT_EQ(assert_flags(present), "backup_eligible");
  EXPECT_EQ(assert_flags(present | Authenticator::eligible | Authenticator::backed_up), "taken");
}

TEST_F(WebauthnCeremony, TheSignatureIsOverBothAndByThatKey) {
  const auto client_data = authenticator_.client_data("webauthn.get");
  const auto data = authenticator_.data(present);
  const auto signature = authenticator_.sign(data, client_data);
  EXPECT_EQ(assert_with(data, client_data + " ", signature), "signature");
  auto other = data;
  other[36] = 1;
  EXPECT_EQ(assert_with(other, client_data, signature), "signature");
  EXPECT_EQ(assert_with(data, client_data, {}), "signature");
  EXPECT_EQ(assert_with(data, client_data, Bytes(72, 0)), "signature");
  Bytes longer = signature;
  longer.push_back(0);
  EXPECT_EQ(assert_with(data, client_data, longer), "signature");
  // r and s of zero (CVE-2022-21449).
  EXPECT_EQ(assert_with(data, client_data, Bytes{0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00}),
            "signature");
  stored_key_ = Authenticator().public_key;
  EXPECT_EQ(assert_with(data, client_data, signature), "signature");
}

TEST_F(WebauthnCeremony, ACounterThatStaysOrGoesBackIsRefused) {
  const auto with = [&](std::uint32_t stored, std::uint32_t sent) {
    stored_count_ = stored;
    authenticator_.sign_count = sent;
    return assert_flags(present);
  };
  EXPECT_EQ(with(0, 0), "taken");
  EXPECT_EQ(with(0, 1), "taken");
  EXPECT_EQ(with(5, 6), "taken");
  EXPECT_EQ(with(0xfffffffe, 0xffffffff), "taken");
  EXPECT_EQ(with(5, 5), "sign_count");
  EXPECT_EQ(with(5, 4), "sign_count");
  EXPECT_EQ(with(5, 0), "sign_count");
}

}  // namespace
}  // namespace latchkey::crypto::webauthn
