// Targets: what passes is folded, decoded once, and finds a route only by whole segments.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/unicode.h"
#include "http/path.h"
#include "http/respond.h"
#include "http/router.h"

using namespace latchkey;
using namespace latchkey::http;

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

Task<Result<Response>> nothing(Request&) { co_return empty_response(); }

Route row(Method method, std::string_view pattern) {
  Route route;
  route.method = method;
  route.pattern = pattern;
  route.handler = nothing;
  return route;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Router router({row(Method::get, "/a"), row(Method::get, "/a/{x}"),
                              row(Method::get, "/a/b/{y}/{z}"), row(Method::get, "/"),
                              row(Method::post, "/a/{x}/c")});
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto target = split_target(text);
  if (!target) return 0;
  Request request;
  if (!decode_path(target->path, request.path)) return 0;
  const std::string& path = request.path;
  require(path.starts_with('/') && path.find("//") == std::string::npos);
  require(path == "/" || !path.ends_with('/'));
  require(is_valid_utf8(path));
  require(std::none_of(path.begin(), path.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
  const Resource* resource = router.find(request);
  if (resource == nullptr) return 0;
  for (std::size_t i = 0; i < request.parameter_count; ++i) {
    std::string_view value = request.parameters[i].value;
    require(!value.empty() && value.find('/') == std::string_view::npos);
  }
  return 0;
}
