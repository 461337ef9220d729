// Forms: no input crashes, and what passes is UTF-8 without NUL, in bounded number.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/unicode.h"
#include "http/form.h"
#include "http/media_type.h"

using namespace latchkey;
using namespace latchkey::http;

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

void check(const Result<Form>& form, std::size_t size) {
  if (form.has_error()) {
    require(form.error().code == ErrorCode::malformed_form);
    return;
  }
  require(form->fields().size() <= max_form_fields);
  std::size_t total = 0;
  for (const FormField& field : form->fields()) {
    require(is_valid_utf8(field.name) && is_valid_utf8(field.value));
    require(field.value.find('\0') == std::string::npos);
    total += field.name.size() + field.value.size();
    Result<std::optional<std::string_view>> single = form->single(field.name);
    require(single.has_error() == (form->count(field.name) > 1));
  }
  require(total <= size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check(parse_urlencoded(text), size);
  check(parse_multipart(text, "b"), size);
  // The first line as the Content-Type of what follows.
  std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  HeaderView header{"Content-Type", text.substr(0, end)};
  Request request;
  request.headers = {&header, 1};
  request.body = text.substr(end + 1);
  Result<Form> form = parse_form(request);
  if (form.has_value()) check(form, size);
  return 0;
}
