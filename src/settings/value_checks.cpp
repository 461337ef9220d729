#include "settings/value_checks.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/domain_name.h"
#include "base/email_address.h"
#include "base/ip_address.h"
#include "base/unicode.h"
#include "settings/master_secret.h"
#include "settings/url.h"

namespace latchkey::settings {
namespace {

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_web(const Url& url) { return url.scheme == "http" || url.scheme == "https"; }

/// Programs with a scheme of their own may call themselves by a dot; nobody can be sent there.
bool names_a_host(const Url& url) { return url.host != "."; }

struct SplitMailbox {
  std::string name;  ///< without the quotes around it or around parts of it
  std::string_view address;
};

/// RFC 5322 §3.4, and as people write it: a name with a comma needs no quotes here.
std::optional<SplitMailbox> split_mailbox(std::string_view text) {
  SplitMailbox mailbox;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted && c == '\\') {
      if (++at == text.size()) return std::nullopt;
      mailbox.name.push_back(text[at]);
    } else if (quoted) {
      mailbox.name.push_back(c);
    } else if (c == '<') {
      if (!text.ends_with('>')) return std::nullopt;
      mailbox.address = text.substr(at + 1, text.size() - at - 2);
      return mailbox;
    } else if (c == '>' || c == '\\') {
      return std::nullopt;
    } else {
      mailbox.name.push_back(c);
    }
  }
  return SplitMailbox{.name = "", .address = text};
}

}  // namespace

std::optional<Complaint> check_public_url(std::string& value) {
  if (value.empty()) return std::nullopt;
  std::optional<Url> url = parse_url(value);
  if (!url || !is_web(*url) || !names_a_host(*url)) {
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
  if (!url || (url->scheme != "smtp" && url->scheme != "smtps") || !url->path.empty() ||
      !names_a_host(*url)) {
    return "must be smtp://HOST:PORT or smtps://HOST:PORT; user and password have settings of their own";
  }
  value = to_string(*url);
  return std::nullopt;
}

std::optional<Complaint> check_database_url(std::string& value) {
  const bool known = value.starts_with("postgresql://") || value.starts_with("postgres://");
  if (!known) return "must begin with postgresql:// (leave it out to use the SQLite file in data_dir)";
  if (!is_visible_ascii(value)) {
    return "must have visible ASCII characters only: percent-encode every other one, each byte of its UTF-8 "
           "as "
           "% and two hexadecimal digits (a space is %20)";
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
  if (value == any_origin) return std::nullopt;
  std::optional<Url> url = parse_url(value);
  // Browsers say `null` for the pages of files.
  const bool has_origin = url && url->scheme != "file" && (names_a_host(*url) || !is_web(*url));
  if (!has_origin || !url->path.empty()) {
    return "must list origins such as https://app.example.com or capacitor://localhost, each whole and "
           "without a "
           "path, or be * alone, for every origin";
  }
  drop_default_port(*url);
  value = to_string(*url);
  return std::nullopt;
}

std::optional<Complaint> check_passkey_domain(std::string& value) {
  if (value.empty()) return std::nullopt;
  auto domain = to_a_labels(value);
  if (!domain || domain->size() > 253) return "must be a domain such as example.com, without scheme and port";
  value = std::move(*domain);
  return std::nullopt;
}

std::optional<Complaint> check_passkey_origin(std::string& value) {
  constexpr std::string_view android = "android:apk-key-hash:";
  if (value.starts_with(android)) {
    const auto hash = decode_base64url(std::string_view(value).substr(android.size()));
    if (hash.has_value() && hash->size() == 32) return std::nullopt;
  }
  const auto url = parse_url(value);
  if (url.has_value() && is_web(*url) && !check_origin(value).has_value()) return std::nullopt;
  return "must list origins such as https://app.example.com, or android:apk-key-hash: and 43 characters";
}

std::optional<Complaint> check_proxy(std::string& value) {
  const std::optional<IpNetwork> network = IpNetwork::parse(value);
  if (!network) return "must list addresses or networks, such as 10.0.0.0/8";
  // Everyone could then write the address that limits and the audit see.
  if (network->is_everything()) return "must not trust every address";
  value = network->to_string();
  return std::nullopt;
}

std::optional<Mailbox> parse_mailbox(std::string_view text) {
  std::optional<SplitMailbox> split = split_mailbox(trim(text));
  if (!split || split->name.size() > 200 || !is_valid_utf8(split->name) ||
      has_control_characters(split->name))
    return std::nullopt;
  const std::size_t at = split->address.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  const std::string own_domain = to_a_labels(split->address.substr(at + 1)).value_or("");
  const auto parsed = parse_email_address(split->address, {&own_domain, 1});
  if (!parsed) return std::nullopt;
  return Mailbox{.name = std::string(trim(split->name)), .address = parsed->address};
}

std::string to_string(const Mailbox& mailbox) {
  if (mailbox.name.empty()) return mailbox.address;
  constexpr std::string_view specials = "()<>[]:;@\\,\"";
  if (mailbox.name.find_first_of(specials) == std::string::npos)
    return mailbox.name + " <" + mailbox.address + '>';
  std::string quoted = "\"";
  for (const char c : mailbox.name) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\" <" + mailbox.address + '>';
}

}  // namespace latchkey::settings
