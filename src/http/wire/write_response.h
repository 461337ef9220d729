#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace latchkey::http::wire {

/// The value of `Date` (RFC 9110 §5.6.7), made once a second. One thread each.
class HttpDate {
 public:
  std::string_view now();

 private:
  std::int64_t second_ = -1;
  std::array<char, 32> text_{};
  std::size_t size_ = 0;
};

/// Names of requests: 32 hexadecimal digits that do not repeat and tell nothing. One thread each.
class RequestIds {
 public:
  RequestIds();
  using Id = std::array<char, 32>;
  void next(Id& id);

 private:
  std::uint64_t high_;
  std::uint64_t low_;
};

/// Header lines that tell a client how long it may go on using a connection that the server closes after
/// `idle`: a twentieth less than that, at least a second less, so that no request meets a connection that is
/// just closing. They count in whole seconds; there are none where less than a second would be left.
std::string keep_alive_lines(std::chrono::milliseconds idle);

/// What a response says that does not depend on the handler.
struct Frame {
  std::string_view request_id;
  std::string_view date;
  bool keep_alive = true;
  std::string_view kept_lines;  ///< of keep_alive_lines, for an answer after which the connection stays
  bool http_1_0 = false;        ///< the client speaks 1.0, to whom keeping alive is said
  bool omit_body = false;       ///< HEAD: the same head, no body (RFC 9110 §9.3.2)
  bool vary_by_origin = false;  ///< CORS is on
  std::optional<std::string_view> allowed_origin;
};

/// Whether nothing in the response can end a header line or begin another (security case H07).
bool has_safe_headers(const Response& response);

/// Appends head and body. The response must have safe headers.
void append_response(std::string& out, const Response& response, const Frame& frame);

}  // namespace latchkey::http::wire
