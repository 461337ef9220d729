#include "crypto/password/hash.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/text_scanner.h"
#include "crypto/password/bcrypt.h"
#include "crypto/random.h"

namespace latchkey::crypto::password {
namespace {

constexpr std::size_t salt_size = 16;

/// A parsed `$argon2id$v=19$m=…,t=…,p=…$salt$tag`.
struct Argon2Hash {
  Argon2Parameters parameters;
  Bytes salt;
  Argon2Tag tag{};
};

std::string format_argon2(const Argon2Parameters& parameters, ByteView salt, ByteView tag) {
  std::string text = "$argon2id$v=19$m=";
  text += std::to_string(parameters.memory_kib);
  text += ",t=";
  text += std::to_string(parameters.passes);
  text += ",p=";
  text += std::to_string(parameters.lanes);
  text += '$';
  text += encode_base64(salt, Padding::none);
  text += '$';
  text += encode_base64(tag, Padding::none);
  return text;
}

/// The next number, when it can be one of Argon2's costs.
bool take_cost(TextScanner& scanner, std::uint32_t& cost) {
  const std::optional<std::int64_t> number = scanner.take_integer();
  if (!number || *number < 1 || *number > std::int64_t{max_memory_kib}) return false;
  cost = static_cast<std::uint32_t>(*number);
  return true;
}

std::optional<Argon2Hash> parse_argon2(std::string_view stored) {
  if (stored.size() > max_stored_size) return std::nullopt;
  const std::size_t tag_at = stored.rfind('$');
  if (tag_at == std::string_view::npos || tag_at == 0) return std::nullopt;
  const std::size_t salt_at = stored.rfind('$', tag_at - 1);
  if (salt_at == std::string_view::npos) return std::nullopt;

  Argon2Hash hash;
  TextScanner scanner{stored.substr(0, salt_at)};
  if (!scanner.skip("$argon2id$v=19$m=") || !take_cost(scanner, hash.parameters.memory_kib) ||
      !scanner.skip(",t=") || !take_cost(scanner, hash.parameters.passes) || !scanner.skip(",p=") ||
      !take_cost(scanner, hash.parameters.lanes) || !scanner.at_end() || !within_bounds(hash.parameters)) {
    return std::nullopt;
  }
  std::optional<Bytes> salt = decode_base64(stored.substr(salt_at + 1, tag_at - salt_at - 1));
  const std::optional<Bytes> tag = decode_base64(stored.substr(tag_at + 1));
  if (!salt || salt->size() < 8 || salt->size() > 64 || !tag || tag->size() != argon2_tag_size)
    return std::nullopt;
  hash.salt = std::move(*salt);
  std::copy(tag->begin(), tag->end(), hash.tag.begin());
  return hash;
}

std::uint64_t work_of(const Argon2Parameters& parameters) {
  return std::uint64_t{parameters.memory_kib} * parameters.passes;
}

/// The end of a sentence that begins with "the hash", if it asks for more than may be computed.
std::optional<std::string_view> find_excess(const Argon2Parameters& asked, const Argon2Parameters& today) {
  if (asked.memory_kib > std::max(max_stored_memory_kib, today.memory_kib))
    return "asks for more than 128 MiB of memory (m=131072)";
  if (work_of(asked) > std::max(max_stored_work, work_of(today)))
    return "asks for more work than about two seconds (m times t of more than 4194304)";
  return std::nullopt;
}

}  // namespace

std::string hash_password(const Secret& nfc_password, const Argon2Parameters& parameters, HashArena& arena) {
  const auto salt = random_array<salt_size>();
  const auto tag = argon2id(parameters, {nfc_password.bytes(), salt}, arena);
  return format_argon2(parameters, salt, tag);
}

Verification verify_password(const std::string& stored, const Secret& raw, const Secret& nfc,
                             HashArena& arena, const Argon2Parameters& today) {
  bool matches = false;
  if (const std::optional<Argon2Hash> hash = parse_argon2(stored)) {
    if (find_excess(hash->parameters, today)) return Verification::unreadable;
    const auto tag = argon2id(hash->parameters, {nfc.bytes(), hash->salt}, arena);
    matches = equal_in_constant_time(tag, hash->tag);
  } else if (is_bcrypt(stored)) {
    matches = bcrypt_matches(stored, raw) || (raw.text() != nfc.text() && bcrypt_matches(stored, nfc));
  } else {
    return Verification::unreadable;
  }
  return matches ? Verification::matches : Verification::differs;
}

bool needs_rehash(std::string_view stored, const Argon2Parameters& today) {
  const std::optional<Argon2Hash> hash = parse_argon2(stored);
  return !hash || hash->parameters != today || hash->salt.size() < salt_size;
}

bool covers_whole(std::string_view stored, const TriedPassword& tried) {
  return !is_bcrypt(stored) || (tried.nfc.size() <= bcrypt_reads && tried.as_sent().size() <= bcrypt_reads);
}

std::optional<std::string_view> find_hash_problem(std::string_view stored, const Argon2Parameters& today) {
  if (is_bcrypt(stored)) return std::nullopt;
  if (is_costly_bcrypt(stored))
    return "asks for more than about two seconds of work (a bcrypt cost above 15)";
  const std::optional<Argon2Hash> hash = parse_argon2(stored);
  if (!hash) {
    return "is neither bcrypt ($2a$, $2b$ or $2y$, cost 04 to 15) nor Argon2id in PHC form "
           "($argon2id$v=19$m=…,t=…,p=…$salt$hash, t up to 100, p up to 16, a salt of 8 to 64 bytes, a hash "
           "of 32)";
  }
  return find_excess(hash->parameters, today);
}

std::string make_dummy_hash(const Argon2Parameters& today) {
  return format_argon2(today, random_array<salt_size>(), random_array<argon2_tag_size>());
}

}  // namespace latchkey::crypto::password
