#include "api/cursor.h"

#include <tuple>

#include "base/field_errors.h"

namespace latchkey::api {
namespace {

constexpr std::size_t code_size = std::tuple_size_v<crypto::Sha256Digest>;

/// What the code is over. A name has no NUL, so no two pairs give the same text.
std::string signed_text(std::string_view list, ByteView position) {
  std::string text(list);
  text += '\0';
  text.append(reinterpret_cast<const char*>(position.data()), position.size());
  return text;
}

}  // namespace

std::string seal_cursor(const crypto::Keyring& ring, std::string_view list, ByteView position) {
  const auto code = ring.key(crypto::KeyUse::cursor).tag(signed_text(list, position));
  Bytes bytes(position.begin(), position.end());
  bytes.insert(bytes.end(), code.begin(), code.end());
  return encode_base64url(bytes);
}

std::optional<Bytes> open_cursor(const crypto::Keyring& ring, std::string_view list, std::string_view text) {
  const auto bytes = decode_base64url(text);
  if (!bytes.has_value() || bytes->size() < code_size) return std::nullopt;
  const ByteView all(*bytes);
  const ByteView position = all.first(all.size() - code_size);
  const std::string claimed = signed_text(list, position);
  for (const crypto::HmacKey* key : ring.keys(crypto::KeyUse::cursor)) {
    if (key->verify(claimed, all.last(code_size))) return Bytes(position.begin(), position.end());
  }
  return std::nullopt;
}

Result<std::optional<Bytes>> find_position(const crypto::Keyring& ring, std::string_view list,
                                           const PageQuery& query) {
  if (!query.after.has_value()) return std::optional<Bytes>();
  auto position = open_cursor(ring, list, *query.after);
  if (!position.has_value())
    return invalid_field("query", "after", "value_error",
                         "is not from the Link header of a page of this list");
  return position;
}

void link_next_page(http::Response& response, const PageQuery& query, std::string_view after) {
  std::string target = "<?after=" + std::string(after);
  if (query.limit.has_value()) target += "&limit=" + std::to_string(*query.limit);
  response.headers.push_back({"Link", target + ">; rel=\"next\""});
}

void append_number(Bytes& position, std::int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    position.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> shift));
}

std::int64_t number_at(const Bytes& position, std::size_t begin) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | position.at(begin + i);
  return static_cast<std::int64_t>(number);
}

}  // namespace latchkey::api
