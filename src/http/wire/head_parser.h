#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace latchkey::http::wire {

/// A parsed request line and header, with what they say about framing. Views point into the text that was
/// parsed.
struct RequestHead {
  Method method = Method::other;
  std::string_view target;
  unsigned version = 11;  ///< 10 or 11
  std::vector<HeaderView> headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

/// Parses a complete head that HeadScanner let pass, by Beast's parser and by our own refusals on top of it.
/// False means 400 and the end of the connection: bad grammar; any Transfer-Encoding but exactly one
/// `chunked`, any on HTTP/1.0, one beside Content-Length; several or odd Content-Length; several, odd or, on
/// HTTP/1.1, missing Host (RFC 9112 §3.2, §6.1 to §6.3). `head` is overwritten and keeps its memory.
bool parse_head(std::string_view text, RequestHead& head);

}  // namespace latchkey::http::wire
