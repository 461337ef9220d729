#include "crypto/webauthn/client_data.h"

#include <boost/json/value.hpp>

#include "base/json.h"
#include "base/unicode.h"

namespace latchkey::crypto::webauthn {
namespace {

std::optional<std::string> text_of(const boost::json::object& object, std::string_view name) {
  const auto* const member = object.if_contains(name);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string(member->get_string());
}

}  // namespace

std::optional<ClientData> parse_client_data(std::string_view json) {
  if (json.size() > max_client_data_size) return std::nullopt;
  // The specification decodes UTF-8 first, which takes a byte order mark off.
  const auto document = parse_json(without_byte_order_mark(json));
  if (document.has_error() || !document->is_object()) return std::nullopt;
  const auto& object = document->get_object();
  auto type = text_of(object, "type");
  auto challenge = text_of(object, "challenge");
  auto origin = text_of(object, "origin");
  if (!type || !challenge || !origin) return std::nullopt;
  ClientData data{.type = std::move(*type), .challenge = std::move(*challenge), .origin = std::move(*origin)};
  if (const auto* const cross_origin = object.if_contains("crossOrigin")) {
    if (!cross_origin->is_bool()) return std::nullopt;
    data.is_cross_origin = cross_origin->get_bool();
  }
  data.has_top_origin = object.contains("topOrigin");
  return data;
}

}  // namespace latchkey::crypto::webauthn
