#include "settings/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/unicode.h"

namespace latchkey::settings {
namespace {

/// An address as 16 bytes, IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2), so that both are compared in one way.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool is_v4 = false;
};

constexpr std::size_t mapped_prefix = 12;

std::optional<Address> parse_address(std::string_view text) {
  const std::string copy(text);  // inet_pton wants a terminator; it would take what is before a NUL
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  Address address;
  if (::inet_pton(AF_INET, copy.c_str(), address.bytes.data() + mapped_prefix) == 1) {
    address.bytes[10] = address.bytes[11] = 0xff;
    address.is_v4 = true;
    return address;
  }
  if (::inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string to_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::uint8_t* bytes = address.bytes.data() + (address.is_v4 ? mapped_prefix : 0);
  ::inet_ntop(address.is_v4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
  return text.data();
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct HostPort {
  std::string_view host;
  std::optional<std::string_view> port;
  bool in_brackets = false;
};

std::optional<HostPort> split_host_port(std::string_view text) {
  HostPort parts;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    parts.host = text.substr(1, end - 1);
    parts.in_brackets = true;
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return std::nullopt;
  } else {
    parts.host = text.substr(0, text.find(':'));
    text.remove_prefix(parts.host.size());
  }
  if (!text.empty()) parts.port = text.substr(1);
  return parts;
}

/// A name or an IPv4 address as a URL may have it: labels of letters, digits, hyphens, underscores.
bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '.' &&
         host.find("..") == std::string_view::npos &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string_view::npos;
}

constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

/// Segments of unreserved characters (RFC 3986 §2.3), none of which climbs up.
bool is_plain_path(std::string_view path) {
  if (path.find("//") != std::string_view::npos) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return false;
    if (segment.find_first_not_of(unreserved) != std::string_view::npos) return false;
    path.remove_prefix(segment.size());
  }
  return true;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::optional<HostPort> parts = split_host_port(text);
  if (!parts || !parts->port) return std::nullopt;
  const std::optional<std::uint16_t> port = parse_number<std::uint16_t>(*parts->port);
  const std::optional<Address> address =
      parse_address(parts->host == "localhost" ? "127.0.0.1" : parts->host);
  if (!port || !address || address->is_v4 == parts->in_brackets) return std::nullopt;
  return Endpoint{to_text(*address), *port};
}

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return (v6 ? '[' + endpoint.address + ']' : endpoint.address) + ':' + std::to_string(endpoint.port);
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  const std::optional<Address> address = parse_address(host);
  if (!address) return false;
  const auto& bytes = address->bytes;
  const bool zeros = std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; });
  if (!zeros) return false;
  const bool mapped = bytes[10] == 0xff && bytes[11] == 0xff;
  const bool one = bytes[10] == 0 && bytes[11] == 0 && bytes[12] == 0 && bytes[13] == 0 && bytes[14] == 0 &&
                   bytes[15] == 1;
  return one || (mapped && bytes[12] == 127);
}

bool is_unspecified(std::string_view host) {
  const std::optional<Address> address = parse_address(host);
  if (!address) return false;
  const std::size_t from = address->is_v4 ? mapped_prefix : 0;
  return std::all_of(address->bytes.begin() + from, address->bytes.end(),
                     [](std::uint8_t b) { return b == 0; });
}

std::optional<std::string> normalise_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::optional<Address> address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  const int size = address->is_v4 ? 32 : 128;
  int prefix = size;
  if (slash != std::string_view::npos) {
    const std::optional<int> given = parse_number<int>(text.substr(slash + 1));
    if (!given || *given < 0 || *given > size) return std::nullopt;
    prefix = *given;
  }
  const int kept = prefix + (128 - size);
  for (int bit = kept; bit < 128; ++bit) {
    auto& byte = address->bytes[static_cast<std::size_t>(bit / 8)];
    byte = static_cast<std::uint8_t>(byte & ~(0x80 >> bit % 8));
  }
  return to_text(*address) + '/' + std::to_string(prefix);
}

std::optional<Url> parse_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Url url;
  url.scheme = to_lower_ascii(text.substr(0, colon));
  text.remove_prefix(colon + 3);
  const std::string_view authority = text.substr(0, text.find('/'));
  std::string_view path = text.substr(authority.size());

  const std::optional<HostPort> parts = split_host_port(authority);
  if (!parts) return std::nullopt;
  url.host = to_lower_ascii(parts->host);
  if (parts->in_brackets) {
    const std::optional<Address> address = parse_address(url.host);
    if (!address || address->is_v4) return std::nullopt;
    url.host = to_text(*address);
  } else if (!is_host(url.host)) {
    return std::nullopt;
  }
  if (parts->port) {
    url.port = parse_number<std::uint16_t>(*parts->port);
    if (!url.port || *url.port == 0) return std::nullopt;
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!is_plain_path(path)) return std::nullopt;
  url.path = path;
  return url;
}

std::string to_string(const Url& url) {
  std::string text = url.scheme + "://";
  text += url.host.find(':') == std::string::npos ? url.host : '[' + url.host + ']';
  if (url.port) text += ':' + std::to_string(*url.port);
  return text + url.path;
}

}  // namespace latchkey::settings
