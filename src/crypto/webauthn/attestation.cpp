#include "crypto/webauthn/attestation.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <climits>

#include "crypto/openssl.h"

namespace latchkey::crypto::webauthn {
namespace {

using Certificate = OpensslPtr<X509, X509_free>;
using ObjectId = OpensslPtr<ASN1_OBJECT, ASN1_OBJECT_free>;

Certificate read_certificate(ByteView der) {
  const unsigned char* at = der.data();
  if (der.size() > INT_MAX) return nullptr;
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate == nullptr || at != der.data() + der.size()) {
    ERR_clear_error();
    return nullptr;
  }
  return certificate;
}

std::string_view subject_of(const X509* certificate, int nid) {
  const X509_NAME* const name = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(name, nid, -1);
  if (at < 0) return {};
  const ASN1_STRING* const text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  return view_text({ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))});
}

/// Whether the certificate names no model (id-fido-gen-ce-aaguid), or that one.
bool names_model(const X509* certificate, const Aaguid& aaguid) {
  const ObjectId oid(OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1));
  require(oid != nullptr, "object identifier");
  const int at = X509_get_ext_by_OBJ(certificate, oid.get(), -1);
  if (at < 0) return true;
  X509_EXTENSION* const extension = X509_get_ext(certificate, at);
  if (X509_EXTENSION_get_critical(extension) != 0) return false;
  // An OCTET STRING of 16 bytes within that of the extension.
  constexpr std::uint8_t octet_string[] = {0x04, 0x10};
  const ASN1_OCTET_STRING* const value = X509_EXTENSION_get_data(extension);
  const ByteView bytes(ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value)));
  return bytes.size() == sizeof(octet_string) + aaguid.size() &&
         std::equal(std::begin(octet_string), std::end(octet_string), bytes.begin()) &&
         std::equal(aaguid.begin(), aaguid.end(), bytes.begin() + sizeof(octet_string));
}

/// §8.2.1.
bool has_required_form(X509* certificate, const Aaguid& aaguid) {
  constexpr long version_3 = 2;
  const std::uint32_t flags = X509_get_extension_flags(certificate);
  return X509_get_version(certificate) == version_3 && subject_of(certificate, NID_countryName).size() == 2 &&
         !subject_of(certificate, NID_organizationName).empty() &&
         subject_of(certificate, NID_organizationalUnitName) == "Authenticator Attestation" &&
         !subject_of(certificate, NID_commonName).empty() && (flags & EXFLAG_INVALID) == 0 &&
         (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) == 0 && names_model(certificate, aaguid);
}

bool is_right_packed(const Cbor& statement, const Attested& attested) {
  const auto number = statement.find("alg");
  const auto signature = statement.find("sig");
  if (!number || !number->as_integer() || !signature || !signature->as_bytes()) return false;
  const auto algorithm = cose_algorithm(*number->as_integer());
  if (!algorithm) return false;

  Bytes message(attested.authenticator_data.begin(), attested.authenticator_data.end());
  message.insert(message.end(), attested.client_data_hash.begin(), attested.client_data_hash.end());
  const auto chain = statement.find("x5c");
  if (!chain) {
    return statement.size() == 2 && *algorithm == attested.key.algorithm() &&
           attested.key.verify(message, *signature->as_bytes());
  }
  const auto leaf = chain->front();
  if (statement.size() != 3 || !leaf || !leaf->as_bytes()) return false;
  const Certificate certificate = read_certificate(*leaf->as_bytes());
  return certificate != nullptr && has_required_form(certificate.get(), attested.aaguid) &&
         X509_get0_pubkey(certificate.get()) != nullptr &&
         verify_signature(*algorithm, X509_get0_pubkey(certificate.get()), message, *signature->as_bytes());
}

}  // namespace

std::optional<AttestationObject> AttestationObject::parse(ByteView bytes) {
  const auto object = Cbor::read(bytes);
  if (!object || object->size() != 3) return std::nullopt;
  const auto format = object->find("fmt");
  const auto statement = object->find("attStmt");
  const auto data = object->find("authData");
  if (!format || !format->as_text() || !statement || !statement->is_map() || !data || !data->as_bytes())
    return std::nullopt;
  return AttestationObject{
      .format = *format->as_text(), .statement = *statement, .authenticator_data = *data->as_bytes()};
}

bool is_known_attestation_format(std::string_view format) { return format == "none" || format == "packed"; }

bool is_right_attestation(const AttestationObject& object, const Attested& attested) {
  if (object.format == "none") return object.statement.size() == 0;
  return object.format == "packed" && is_right_packed(object.statement, attested);
}

}  // namespace latchkey::crypto::webauthn
