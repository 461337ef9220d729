#include "api/browser_cookies.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "http/cookie.h"

namespace latchkey::api {
namespace {

constexpr std::size_t id_size = std::tuple_size_v<decltype(SessionId::bytes)>;
using SessionCookie = std::array<std::uint8_t, id_size + std::tuple_size_v<crypto::Sha256Digest>>;

}  // namespace

std::string write_session_cookie(const crypto::Keyring& ring, const SessionId& session) {
  const auto tag = ring.key(crypto::KeyUse::browser_session).tag(session.bytes);
  SessionCookie bytes{};
  std::ranges::copy(session.bytes, bytes.begin());
  std::ranges::copy(tag, bytes.begin() + id_size);
  return encode_base64url(bytes);
}

std::optional<SessionId> read_session_cookie(const crypto::Keyring& ring, const http::Request& request) {
  const auto text = http::find_cookie(request, session_cookie);
  SessionCookie bytes{};
  if (!text.has_value() || !decode_base64url(*text, bytes)) return std::nullopt;
  SessionId session;
  std::copy_n(bytes.begin(), id_size, session.bytes.begin());
  const ByteView tag(bytes.data() + id_size, bytes.size() - id_size);
  for (const auto* key : ring.keys(crypto::KeyUse::browser_session))
    if (key->verify(view_text(session.bytes), tag)) return session;
  return std::nullopt;
}

std::string write_form_cookie(const LinkId& form) { return encode_base64url(form.bytes); }

std::optional<LinkId> read_form_cookie(const http::Request& request) {
  const auto text = http::find_cookie(request, form_cookie);
  LinkId form;
  if (!text.has_value() || !decode_base64url(*text, form.bytes)) return std::nullopt;
  return form;
}

}  // namespace latchkey::api
