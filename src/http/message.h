#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/caller_slot.h"

namespace latchkey::http {

/// What a request asks for (RFC 9110 §9). `trace` and `connect` are known and never served; every token that
/// is none of these, `post` in lower case included, is `other`.
enum class Method : std::uint8_t { get, head, post, put, delete_, patch, options, trace, connect, other };

/// The token of the request line; "OTHER" for `other`.
std::string_view to_string(Method method);
Method parse_method(std::string_view token);

/// One header line of a request, with the blanks around the value taken off. Points into the connection's
/// buffer.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

/// What `{name}` of a route's pattern stood for, decoded.
struct PathParameter {
  std::string_view name;
  std::string_view value;
};

inline constexpr std::size_t max_path_parameters = 4;

struct Route;

/// One request, as a handler sees it. Every view points into the connection, which keeps it until the
/// handler's coroutine has ended, and overwrites it afterwards (it may hold a password or a token): copy what
/// must live longer.
struct Request {
  Method method = Method::get;
  unsigned version = 11;                ///< of HTTP: 10 or 11
  std::string_view target;              ///< as sent; links hold tokens, so it must not be logged
  std::string path;                     ///< decoded once and folded, see path.h
  std::string_view query;               ///< what follows `?`, still encoded; form.h parses it
  std::span<const HeaderView> headers;  ///< in the order sent
  std::string_view body;                ///< the whole body, without chunk framing; empty for BodyKind::none
  std::string_view address;             ///< the client's IP address, seen through trusted proxies only
  std::string_view request_id;          ///< made by us for this request, 32 hexadecimal digits
  Timestamp now;                        ///< fixed when the head had arrived
  const Route* route = nullptr;         ///< the row that answers
  CallerSlot caller;                    ///< left by the access hook for the handler, see route.h
  std::string language;  ///< a tag that the caller has chosen, left by the access hook; or empty

  /// The value of the first header of that name, compared without case (RFC 9110 §5.1).
  std::optional<std::string_view> header(std::string_view name) const;
  std::size_t header_count(std::string_view name) const;

  /// What `{name}` stood for. A name that the pattern does not have is a bug and throws std::logic_error.
  std::string_view parameter(std::string_view name) const;

  std::array<PathParameter, max_path_parameters> parameters{};
  std::size_t parameter_count = 0;
};

/// A header of a response. The name must outlive the response (a literal); a value with a control character
/// in it is a bug and turns the response into a 500.
struct ResponseHeader {
  std::string_view name;
  std::string value;
};

inline constexpr std::string_view default_content_security_policy =
    "default-src 'none'; frame-ancestors 'none'";

/// One answer. respond.h makes the usual ones. The views must outlive the response: literals, or texts made
/// at start. X-Request-Id, Date, Content-Length, Connection, X-Content-Type-Options and what CORS asks for
/// are added to each by the connection and do not belong in `headers`.
struct Response {
  int status = 200;
  std::string_view content_type;  ///< with its charset where it is text; empty only without a body
  std::string body;
  std::string_view cache_control = "no-store";
  std::string_view content_security_policy = default_content_security_policy;
  std::string_view referrer_policy = "no-referrer";
  std::vector<ResponseHeader> headers;
  bool close = false;     ///< end the connection after this response
  bool is_paced = false;  ///< refuses who asks too much: may be sent later (http/rate_limit.h, RefusalPace)
};

/// The reason phrase of RFC 9110 §15 and RFC 6585, which also is the title of a problem document.
std::string_view reason_phrase(int status);

}  // namespace latchkey::http
