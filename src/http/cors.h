#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace latchkey::http {

/// Which foreign pages may read our answers (Fetch §3.2). Off without origins. An origin is allowed when it
/// is one of the list, byte for byte; `null`, `*`, prefixes and suffixes never are, and credentials mode is
/// never allowed: a bearer token goes into a header, which pages set themselves.
class Cors {
 public:
  static constexpr std::size_t max_asked_headers = 64;

  Cors() = default;
  /// Throws std::invalid_argument, naming the entry, for anything but `scheme://host[:port]` in lower case.
  explicit Cors(std::vector<std::string> origins);

  bool enabled() const { return !origins_.empty(); }
  /// The request's Origin when it is the only one and allowed; the view points to our copy.
  std::optional<std::string_view> allowed_origin(const Request& request) const;

  /// Whether an OPTIONS request is a preflight, which is answered with what the resource allows.
  static bool is_preflight(const Request& request);
  /// Allows the resource's methods, and the header names that the browser asks for: scripts for tracing and
  /// error reporting add names of their own to each request (`traceparent`, `baggage`), and none of them
  /// gives a page more rights. Where the browser asks for no names, or not by a list of at most
  /// `max_asked_headers` tokens, the answer allows the two headers that the API reads.
  void describe_preflight(Response& response, const Request& request, std::string_view allow) const;

 private:
  std::vector<std::string> origins_;
};

}  // namespace latchkey::http
