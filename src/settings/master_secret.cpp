#include "settings/master_secret.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>
#include <system_error>

#include "base/id.h"
#include "base/unicode.h"
#include "settings/private_file.h"

namespace latchkey::settings {
namespace {

constexpr std::size_t secret_size = 32;
using SecretBytes = std::array<std::uint8_t, secret_size>;
using HalfBytes = std::array<std::uint8_t, 2 * secret_size>;

/// Keys that documentation and habit have made public.
constexpr std::array<std::string_view, 6> published{
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",  // FIPS 197, AES-256
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",  // SHA-256 of nothing
    "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",  // SHA-256 of "password"
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",  // SHA-256 of "secret"
    "057ba03d6c44104863dc7361fe4578965d1887360f90a0895882e58a6248fc86",  // SHA-256 of "changeme"
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",  // SHA-256 of "test"
};

template <std::size_t n>
std::size_t count_different(const std::array<std::uint8_t, n>& values) {
  std::bitset<256> seen;
  for (const std::uint8_t value : values) seen.set(value);
  return seen.count();
}

/// Whether the first `period` values come again and again until the end.
template <std::size_t n>
bool repeats(const std::array<std::uint8_t, n>& values, std::size_t period) {
  return std::equal(values.begin() + static_cast<std::ptrdiff_t>(period), values.end(), values.begin());
}

/// Whether at least half of the steps from one value to the next are the same, as in a count up or down.
template <std::size_t n>
bool counts(const std::array<std::uint8_t, n>& values, std::uint8_t modulus_mask) {
  std::array<std::size_t, 256> steps{};
  for (std::size_t i = 1; i < n; ++i)
    ++steps[static_cast<std::uint8_t>((values[i] - values[i - 1]) & modulus_mask)];
  return *std::ranges::max_element(steps) >= n / 2;
}

/// Why these are no random bytes; nothing when they may be. Every rule catches a random secret less often
/// than once in 2^40.
std::optional<std::string> find_weakness(const SecretBytes& bytes) {
  HalfBytes halves{};
  for (std::size_t i = 0; i < secret_size; ++i) {
    halves[2 * i] = bytes[i] >> 4;
    halves[2 * i + 1] = bytes[i] & 15;
  }
  if (count_different(bytes) <= secret_size / 2 || count_different(halves) <= 8)
    return "holds too few different bytes";
  for (std::size_t period = 1; period <= secret_size; ++period) {
    if (repeats(halves, period)) return "repeats a pattern";
  }
  if (counts(bytes, 0xff) || counts(halves, 0x0f)) return "is a sequence";
  if (std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; })) {
    return "is a text spelled in hexadecimal";
  }
  if (std::ranges::find(published, to_hex(bytes.data(), bytes.size())) != published.end()) {
    return "is a published example";
  }
  return std::nullopt;
}

Problems refuse(const std::string& why) { return {{why}}; }

/// The same refusal, told of the setting or the file that it is about.
Problems told_of(const std::string& origin, const Problems& problems) {
  return refuse(origin + ' ' + problems.sentences.front());
}

/// In the data directory stands what is the server's own. (Elsewhere root may have opened a file to the group
/// that the server runs in, and a command that root gives must not take that back.)
Exposed treatment_of(const std::filesystem::path& path, const Settings& settings) {
  std::error_code error;
  const bool own = std::filesystem::equivalent(path.has_parent_path() ? path.parent_path() : ".",
                                               settings.data_dir, error);
  return own && !error ? Exposed::close : Exposed::report;
}

boost::system::result<Secret, Problems> read_from(const std::filesystem::path& path,
                                                  const Settings& settings) {
  auto file = read_private_file(path, treatment_of(path, settings));
  if (!file) return std::move(file).error();
  auto secret = parse_master_secret(without_byte_order_mark(file->text));
  wipe(file->text);
  if (file->exposure) return refuse(path.string() + " holds master_secret, but " + *file->exposure);
  if (!secret) return told_of(path.string() + ": master_secret", secret.error());
  return secret;
}

/// Only for the newcomer's default: one machine, nothing configured.
Secret make(const std::filesystem::path& path) {
  SecretBytes bytes{};
  if (::getentropy(bytes.data(), bytes.size()) != 0)
    throw std::system_error(errno, std::system_category(), "getentropy");
  std::string line = to_hex(bytes.data(), bytes.size()) + '\n';
  write_new_private_file(path, line);
  Secret secret(bytes);
  wipe(line);
  wipe(bytes.data(), bytes.size());
  return secret;
}

boost::system::result<Secret, Problems> find_current(const Settings& settings) {
  if (!settings.master_secret.empty()) {
    auto secret = parse_master_secret(settings.master_secret.text());
    if (!secret) return told_of("master_secret", secret.error());
    return secret;
  }
  if (!settings.master_secret_file.empty()) return read_from(settings.master_secret_file, settings);
  if (!settings.is_embedded()) {
    return refuse(
        "with database_url, master_secret or master_secret_file must be set, the same for every node: "
        "make one with openssl rand -hex 32");
  }
  const std::filesystem::path path = settings.data_dir / "master_secret";
  if (std::filesystem::exists(std::filesystem::symlink_status(path))) return read_from(path, settings);
  // A new secret would sign everybody out, and no longer read the signing keys of the store.
  if (std::filesystem::exists(settings.data_dir / "latchkey.db")) {
    return refuse(settings.data_dir.string() +
                  " holds a database, but not the file master_secret that was made with it: restore that "
                  "file, or set the secret with master_secret or master_secret_file");
  }
  return make(path);
}

}  // namespace

boost::system::result<Secret, Problems> parse_master_secret(std::string_view text) {
  text = trim(text);
  if (text.size() != 2 * secret_size)
    return refuse("must be 64 hexadecimal digits, as openssl rand -hex 32 prints");
  std::string digits = to_lower_ascii(text);
  SecretBytes bytes{};
  const bool valid = from_hex(digits, bytes.data(), bytes.size());
  wipe(digits);
  if (!valid) return refuse("must be 64 hexadecimal digits, as openssl rand -hex 32 prints");
  if (const auto weakness = find_weakness(bytes)) {
    return refuse(*weakness + " and is not a secret: make one with openssl rand -hex 32");
  }
  Secret secret(bytes);
  wipe(bytes.data(), bytes.size());
  return secret;
}

boost::system::result<MasterSecret, Problems> load_master_secret(const Settings& settings) {
  auto current = find_current(settings);
  if (!current) return std::move(current).error();
  MasterSecret secrets;
  secrets.current = std::move(*current);
  if (!settings.master_secret_previous.empty()) {
    auto previous = parse_master_secret(settings.master_secret_previous.text());
    if (!previous) return told_of("master_secret_previous", previous.error());
    secrets.previous = std::move(*previous);
  }
  return secrets;
}

}  // namespace latchkey::settings
