#include "crypto/jose/jws.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "base/json.h"

namespace latchkey::crypto::jose {
namespace {

/// A text segment; nothing when it is empty or not canonical.
std::optional<std::string> decode_segment(std::string_view segment) {
  const std::optional<Bytes> bytes = decode_base64url(segment);
  if (!bytes || bytes->empty()) return std::nullopt;
  return std::string{view_text(*bytes)};
}

constexpr std::array<std::string_view, 7> refused_members = {"crit", "b64", "zip", "jwk",
                                                             "jku",  "x5u", "x5c"};

}  // namespace

std::optional<CompactJws> split_compact(std::string_view token) {
  if (token.size() > max_token_size) return std::nullopt;
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;

  // A third dot is no character of base64url, so it is refused with the last segment.
  std::optional<std::string> header = decode_segment(token.substr(0, first));
  std::optional<std::string> payload = decode_segment(token.substr(first + 1, second - first - 1));
  std::optional<Bytes> signature = decode_base64url(token.substr(second + 1));
  if (!header || !payload || !signature || signature->empty()) return std::nullopt;
  return CompactJws{std::move(*header), std::move(*payload), std::move(*signature), token.substr(0, second)};
}

std::optional<JoseHeader> parse_jose_header(std::string_view json) {
  const Result<boost::json::value> parsed = parse_json(json);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  JoseHeader header;
  for (const auto& member : parsed->get_object()) {
    const std::string_view name{member.key().data(), member.key().size()};
    if (!member.value().is_string()) return std::nullopt;
    if (std::find(refused_members.begin(), refused_members.end(), name) != refused_members.end())
      return std::nullopt;
    const boost::json::string& text = member.value().get_string();
    if (name == "alg") header.alg.assign(text.data(), text.size());
    if (name == "typ") header.typ.assign(text.data(), text.size());
    if (name == "kid") header.kid.assign(text.data(), text.size());
  }
  if (header.alg.empty()) return std::nullopt;
  return header;
}

}  // namespace latchkey::crypto::jose
