#include "crypto/breached/format.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

#include "crypto/openssl.h"

namespace latchkey::crypto::breached {
namespace {

constexpr std::string_view magic = "latchkey leaked\n";
constexpr std::uint32_t version = 1;
constexpr std::size_t version_at = 16;
constexpr std::size_t entry_size_at = 20;
constexpr std::size_t count_at = 24;

template <class Number>
void write_number(std::uint8_t* bytes, Number number) {
  for (std::size_t i = sizeof number; i > 0; --i, number = static_cast<Number>(number >> 8))
    bytes[i - 1] = static_cast<std::uint8_t>(number & 0xff);
}

template <class Number>
Number read_number(const std::uint8_t* bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = static_cast<Number>(number << 8 | bytes[i]);
  return number;
}

}  // namespace

// As in crypto/sha256.cpp: OpenSSL's EVP calls would take memory for each digest.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

Entry entry_of(std::string_view password) {
  SHA_CTX context;
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  require(SHA1_Init(&context) == 1 && SHA1_Update(&context, password.data(), password.size()) == 1 &&
              SHA1_Final(digest.data(), &context) == 1,
          "SHA-1");
  OPENSSL_cleanse(&context, sizeof context);
  const Entry entry = read_entry(digest.data());
  OPENSSL_cleanse(digest.data(), digest.size());
  return entry;
}

#pragma GCC diagnostic pop

Entry read_entry(const std::uint8_t* bytes) { return read_number<Entry>(bytes); }
void write_entry(std::uint8_t* bytes, Entry entry) { write_number(bytes, entry); }

std::array<std::uint8_t, header_size> make_header(std::uint64_t count) {
  std::array<std::uint8_t, header_size> header{};
  std::ranges::copy(magic, header.begin());
  write_number(header.data() + version_at, version);
  write_number(header.data() + entry_size_at, static_cast<std::uint32_t>(entry_size));
  write_number(header.data() + count_at, count);
  return header;
}

std::variant<std::uint64_t, std::string> read_header(ByteView first, std::uint64_t file_size) {
  using namespace std::string_literals;
  if (first.size() < header_size || !view_text(first).starts_with(magic))
    return "is no index of breached passwords"s;
  const auto written = read_number<std::uint32_t>(first.data() + version_at);
  if (written != version || read_number<std::uint32_t>(first.data() + entry_size_at) != entry_size)
    return "is an index of version " + std::to_string(written) + ", which this program does not read";
  const auto count = read_number<std::uint64_t>(first.data() + count_at);
  if (count == 0) return "has no entries"s;
  const std::uint64_t room = file_size < header_size ? 0 : file_size - header_size;
  if (count > room / entry_size)
    return "is truncated: its header says " + std::to_string(count) + " entries, and there is room for " +
           std::to_string(room / entry_size);
  if (count * entry_size != room)
    return "is longer than the " + std::to_string(count) + " entries that its header says";
  return count;
}

}  // namespace latchkey::crypto::breached
