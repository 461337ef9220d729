#include "http/path.h"

#include <algorithm>

#include "base/unicode.h"
#include "http/escape.h"
#include "http/wire/framing.h"

namespace latchkey::http {

namespace {

/// The visible ASCII characters without `#`. RFC 3986 has fewer; the others are harmless and some clients
/// send them.
bool may_stand_in_target(char c) { return c > ' ' && c < '\x7f' && c != '#'; }

}  // namespace

std::optional<Target> split_target(std::string_view target) {
  if (target.empty() || !std::all_of(target.begin(), target.end(), may_stand_in_target)) return std::nullopt;
  if (target.front() != '/') {
    std::size_t scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    std::string_view scheme = target.substr(0, scheme_end);
    if (!equal_ignoring_ascii_case(scheme, "http") && !equal_ignoring_ascii_case(scheme, "https"))
      return std::nullopt;
    target.remove_prefix(scheme_end + 3);
    std::size_t authority_end = std::min(target.find_first_of("/?"), target.size());
    if (!wire::is_valid_host(target.substr(0, authority_end))) return std::nullopt;
    target.remove_prefix(authority_end);
    if (target.empty() || target.front() == '?')
      return Target{"/", target.empty() ? target : target.substr(1)};
  }
  std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return Target{target, {}};
  return Target{target.substr(0, mark), target.substr(mark + 1)};
}

bool decode_path(std::string_view path, std::string& decoded) {
  decoded.clear();
  bool ascii = true;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    bool escaped = c == '%';
    if (escaped) {
      int byte = unescape(path.substr(i));
      if (byte < 0) return false;
      c = static_cast<char>(byte);
      i += 2;
      if (c == '/') return false;
    }
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return false;
    ascii = ascii && byte < 0x80;
    if (c == '/' && !decoded.empty() && decoded.back() == '/') continue;
    decoded.push_back(c);
  }
  if (decoded.size() > 1 && decoded.back() == '/') decoded.pop_back();
  return ascii || is_valid_utf8(decoded);
}

}  // namespace latchkey::http
