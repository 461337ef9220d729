#include "settings/value_checks.h"

#include <algorithm>
#include <array>

#include "base/email_address.h"
#include "base/unicode.h"
#include "settings/master_secret.h"

namespace latchkey::settings {
namespace {

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_web(const Url& url) { return url.scheme == "http" || url.scheme == "https"; }

void drop_default_port(Url& url) {
  if (url.port == (url.scheme == "https" ? 443 : 80)) url.port.reset();
}

}  // namespace

std::optional<Complaint> check_public_url(std::string& value) {
  if (value.empty()) return std::nullopt;
  std::optional<Url> url = parse_url(value);
  if (!url || !is_web(*url)) {
    return "must be an absolute http or https URL without user, query or fragment, such as "
           "https://auth.example.com";
  }
  drop_default_port(*url);
  value = to_string(*url);
  return std::nullopt;
}

std::optional<Complaint> check_smtp_url(std::string& value) {
  if (value.empty()) return std::nullopt;
  const std::optional<Url> url = parse_url(value);
  if (!url || (url->scheme != "smtp" && url->scheme != "smtps") || !url->path.empty()) {
    return "must be smtp://HOST:PORT or smtps://HOST:PORT; user and password have settings of their own";
  }
  value = to_string(*url);
  return std::nullopt;
}

std::optional<Complaint> check_database_url(std::string& value) {
  const bool known = value.starts_with("postgresql://") || value.starts_with("postgres://");
  if (!known || !is_visible_ascii(value)) {
    return "must begin with postgresql:// (leave it out to use the SQLite file in data_dir)";
  }
  return std::nullopt;
}

std::optional<Complaint> check_master_secret(std::string& value) {
  const auto secret = parse_master_secret(value);
  if (!secret) return secret.error().sentences.front();
  value = to_lower_ascii(trim(value));
  return std::nullopt;
}

std::optional<Complaint> check_identifier(std::string& value) {
  if (value.empty() || value.size() > 128 || !is_visible_ascii(value)) {
    return "must be 1 to 128 visible ASCII characters";
  }
  return std::nullopt;
}

std::optional<Complaint> check_single_line(std::string& value) {
  if (value.size() > 1024 || !is_valid_utf8(value) || has_control_characters(value)) {
    return "must be one line of UTF-8 text";
  }
  return std::nullopt;
}

std::optional<Complaint> check_password(std::string& value) {
  // The mail library and terminals end a text at such characters.
  if (!is_valid_utf8(value) || has_control_characters(value))
    return "must be UTF-8 without control characters";
  return std::nullopt;
}

std::optional<Complaint> check_label(std::string& value) {
  value = to_lower_ascii(value);
  const bool letters = value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!letters || value.empty() || value.size() > 63 || value.starts_with('-') || value.ends_with('-')) {
    return "must list host names without a dot, such as localhost";
  }
  return std::nullopt;
}

std::optional<Complaint> check_origin(std::string& value) {
  std::optional<Url> url = parse_url(value);
  if (!url || !is_web(*url) || !url->path.empty()) {
    return "must list origins such as https://app.example.com, each by name: no path, no wildcard";
  }
  drop_default_port(*url);
  value = to_string(*url);
  return std::nullopt;
}

std::optional<Complaint> check_proxy(std::string& value) {
  const std::optional<std::string> network = normalise_network(value);
  if (!network) return "must list addresses or networks, such as 10.0.0.0/8";
  // Everyone could then write the address that limits and the audit see.
  if (network->ends_with("/0")) return "must not trust every address";
  value = *network;
  return std::nullopt;
}

std::optional<Mailbox> parse_mailbox(std::string_view text) {
  static const std::array<std::string, 1> local_names{"localhost"};
  text = trim(text);
  Mailbox mailbox;
  std::string_view address = text;
  if (text.ends_with('>')) {
    const std::size_t open = text.find('<');
    if (open == std::string_view::npos) return std::nullopt;
    mailbox.name = trim(text.substr(0, open));
    address = text.substr(open + 1, text.size() - open - 2);
  }
  const bool clean = is_valid_utf8(mailbox.name) && !has_control_characters(mailbox.name) &&
                     mailbox.name.find_first_of("<>\"\\") == std::string::npos && mailbox.name.size() <= 200;
  const auto parsed = parse_email_address(address, local_names);
  if (!clean || !parsed) return std::nullopt;
  mailbox.address = parsed->address;
  return mailbox;
}

std::string to_string(const Mailbox& mailbox) {
  return mailbox.name.empty() ? mailbox.address : mailbox.name + " <" + mailbox.address + '>';
}

}  // namespace latchkey::settings
