// Texts that people choose: normal forms, folding, what is shown of them, and the small formats (moments,
// ids, codes, base64). What is normal stays normal, and what is inert stays inert.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/domain_name.h"
#include "base/id.h"
#include "base/inert_text.h"
#include "base/time.h"
#include "base/unicode.h"
#include "fuzz/require.h"

using namespace latchkey;

namespace {

void check_forms(std::string_view text) {
  const auto nfc = to_nfc(text);
  require(nfc.has_value() == is_valid_utf8(text));
  const auto folded = fold_case(text);
  require(folded.has_value() == nfc.has_value());
  if (!nfc) return;
  require(to_nfc(*nfc) == nfc && is_valid_utf8(*folded));
  const std::string_view trimmed = trim(text);
  require(trim(trimmed) == trimmed && text.find(trimmed) != std::string_view::npos);
  require(count_code_points(text) <= text.size());
  has_visible_characters(text);
  has_control_characters(text);
  display_width(text);
}

void check_inert(std::string_view text) {
  const std::string inert = make_inert(text);
  require(is_valid_utf8(inert) && make_inert(inert) == inert && !has_control_characters(inert));
  std::string html;
  append_html(html, text);
  require(is_valid_utf8(html) && html.find_first_of("<>\"'") == std::string::npos);
}

void check_small_formats(std::string_view text) {
  if (const auto at = parse_rfc3339(text)) require(parse_rfc3339(format_rfc3339(*at)) == at);
  if (const auto bytes = decode_base64url(text)) require(encode_base64url(*bytes) == text);
  decode_base64(text);
  if (const auto labels = to_a_labels(text)) require(to_a_labels(*labels) == labels);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_forms(text);
  check_inert(text);
  check_small_formats(text);
  return 0;
}
