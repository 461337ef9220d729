#include "settings/url.h"

#include <fmt/format.h>

#include <algorithm>

#include <boost/asio/ip/address_v6.hpp>
#include <boost/url/parse.hpp>
#include <charconv>

#include "base/domain_name.h"
#include "base/unicode.h"

namespace latchkey::settings {
namespace {

namespace urls = boost::urls;

constexpr std::size_t longest_name = 253;

bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// The URI of an IRI (RFC 3987 §3.1), which Boost.URL reads; its host is decoded again when it is asked for.
std::string to_uri(std::string_view text) {
  std::string uri;
  for (const char c : text) {
    if (is_beyond_ascii(c)) {
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      uri.push_back(c);
    }
  }
  return uri;
}

std::optional<std::string> read_name(const std::string& name) {
  if (std::ranges::any_of(name, is_beyond_ascii)) return to_a_labels(name);
  const std::string lower = to_lower_ascii(name);
  if (lower == ".") return lower;
  const bool plain = lower.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string::npos;
  if (!plain || lower.empty() || lower.size() > longest_name || lower.starts_with('.') ||
      lower.find("..") != std::string::npos)
    return std::nullopt;
  return lower;
}

std::optional<std::string> read_host(const urls::authority_view& authority) {
  switch (authority.host_type()) {
    case urls::host_type::name:
      return read_name(authority.host());
    case urls::host_type::ipv4:
      return authority.host();
    case urls::host_type::ipv6:
      return boost::asio::ip::address_v6(authority.host_ipv6_address().to_bytes()).to_string();
    default:
      return std::nullopt;
  }
}

std::optional<std::uint16_t> read_port(const urls::authority_view& authority) {
  const std::string_view digits = authority.port();
  std::uint16_t port = 0;
  const char* const text_end = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), text_end, port);
  if (digits.empty() || error != std::errc{} || end != text_end) return std::nullopt;
  return port;
}

/// Segments of unreserved characters (RFC 3986 §2.3), none of which climbs up. Boost takes for a path what
/// follows a port without a slash.
bool is_plain_path(std::string_view path) {
  constexpr std::string_view unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  if (path.find("//") != std::string_view::npos || (!path.empty() && path.front() != '/')) return false;
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
  const auto authority = urls::parse_authority(text);
  if (!authority || authority->has_userinfo()) return std::nullopt;
  std::optional<std::string> host = read_host(*authority);
  const std::optional<std::uint16_t> port = read_port(*authority);
  if (host == "localhost") {
    host = "127.0.0.1";
  } else if (authority->host_type() == urls::host_type::name) {
    return std::nullopt;
  }
  if (!host || !port) return std::nullopt;
  return Endpoint{std::move(*host), *port};
}

std::optional<Url> parse_url(std::string_view text) {
  if (text.find('%') != std::string_view::npos) return std::nullopt;
  const std::string uri = to_uri(text);
  const auto parsed = urls::parse_uri(uri);
  if (!parsed || !parsed->has_authority() || parsed->has_userinfo() || parsed->has_query() ||
      parsed->has_fragment())
    return std::nullopt;
  const urls::authority_view authority = parsed->authority();
  std::optional<std::string> host = read_host(authority);
  if (!host) return std::nullopt;

  Url url;
  url.scheme = to_lower_ascii(std::string_view(parsed->scheme()));
  url.host = std::move(*host);
  if (authority.has_port()) {
    url.port = read_port(authority);
    if (url.port.value_or(0) == 0) return std::nullopt;
  }
  std::string_view path = parsed->encoded_path();
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

void drop_default_port(Url& url) {
  if (url.scheme == "https" && url.port == 443) url.port.reset();
  if (url.scheme == "http" && url.port == 80) url.port.reset();
}

}  // namespace latchkey::settings
