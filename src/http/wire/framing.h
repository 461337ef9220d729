#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/options.h"

namespace latchkey::http::wire {

/// Finds the end of a request's head in bytes as they arrive, and refuses what two readers could take
/// differently (request smuggling) or what is too much: a bare CR or LF, NUL and other control characters
/// anywhere, a folded line (RFC 9112 §5.2), a line or head past the limits. It looks at every byte once.
/// Names, values and the request line are then read by parse_head.
class HeadScanner {
 public:
  enum class State : std::uint8_t { incomplete, complete, malformed, line_too_long, head_too_large };

  explicit HeadScanner(const Limits& limits) : limits_(&limits) {}

  /// `text` starts at the request's first byte and grows from call to call. One empty line before the request
  /// line is skipped (RFC 9112 §2.2).
  State scan(std::string_view text);
  /// Where the request line starts and where the head ends, its empty line included; valid once complete.
  std::size_t start() const { return start_; }
  std::size_t end() const { return line_; }

 private:
  State judge_line(std::string_view line);

  const Limits* limits_;
  std::size_t start_ = 0;
  std::size_t line_ = 0;  ///< start of the line that is not complete
  std::size_t seen_ = 0;  ///< bytes of it that have been searched for its end
  std::size_t lines_ = 0;
};

/// Takes the chunk framing off a body (RFC 9112 §7.1), strictly: 1 to 16 hexadecimal digits directly followed
/// by CRLF or by extensions of unquoted visible characters, CRLF after each chunk, trailers that are field
/// lines (a name, directly followed by a colon) without control characters. Extensions and trailers are
/// dropped, and together may take 4 KiB.
class ChunkDecoder {
 public:
  enum class State : std::uint8_t { incomplete, complete, malformed, too_large };

  /// Reads `input` from its start, sets `consumed` to what was used of it, and appends the content to `body`
  /// unless that is null. A body that would grow past `limit` is too_large, whether it is kept or not.
  State decode(std::string_view input, std::size_t& consumed, std::string* body, std::size_t limit);

 private:
  enum class Part : std::uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf
  };

  State step(char c, std::size_t limit);

  Part part_ = Part::size;
  unsigned digits_ = 0;
  std::uint64_t left_ = 0;  ///< of this chunk
  std::uint64_t total_ = 0;
  std::size_t overhead_ = 0;  ///< bytes of extensions and trailers
};

/// `uri-host [":" port]` of RFC 9110 §7.2, narrowed to what names a host: letters, digits, `-._~`, or an
/// address in brackets; no comma, so that no list passes.
bool is_valid_host(std::string_view text);

/// The value of the only Content-Length: digits only, and it fits.
std::optional<std::uint64_t> parse_content_length(std::string_view text);

}  // namespace latchkey::http::wire
