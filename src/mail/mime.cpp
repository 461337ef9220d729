#include "mail/mime.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/email_address.h"
#include "base/unicode.h"
#include "mail/encoding.h"

namespace latchkey::mail {
namespace {

void check_address(std::string_view what, std::string_view address) {
  const auto at = address.find('@');
  // Whether a domain without a dot is welcome was decided when the address was stored.
  const std::string domain(at == std::string_view::npos ? std::string_view{} : address.substr(at + 1));
  const auto parsed = parse_email_address(address, {&domain, 1});
  if (!parsed || parsed->address != address) throw BadMessage(fmt::format("{} is not an address", what));
}

void check_line(std::string_view what, std::string_view text) {
  if (!is_valid_utf8(text)) throw BadMessage(fmt::format("{} is not UTF-8", what));
  if (has_control_characters(text)) throw BadMessage(fmt::format("{} contains a control character", what));
}

/// RFC 5322 §3.3. Names of days and months are English, whatever the locale.
std::string format_date(Timestamp at) {
  const auto second = std::chrono::floor<Seconds>(at);
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(second)));
}

/// The display name as a quoted string or as encoded words (RFC 5322 §3.4, RFC 2047 §5).
std::string format_mailbox(const settings::Mailbox& box) {
  if (box.name.empty()) return box.address;
  if (!is_plain_ascii(box.name) || box.name.size() > 60) {
    return fmt::format("{}\r\n <{}>", encode_words(box.name, sizeof "From: "), box.address);
  }
  std::string quoted;
  for (const char c : box.name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return fmt::format("\"{}\" <{}>", quoted, box.address);
}

std::string format_subject(std::string_view subject) {
  // What looks like an encoded word would be read as one.
  const bool plain = is_plain_ascii(subject) && subject.size() <= 66 && subject.find("=?") == subject.npos;
  return plain ? std::string(subject) : encode_words(subject, sizeof "Subject: ");
}

void append_part(std::string& out, std::string_view boundary, std::string_view type, std::string_view body,
                 BodyEncoding encoding) {
  const std::string text = use_crlf(body);
  const std::size_t high = count_high_bytes(text);
  const bool whole = has_short_plain_lines(text) && (high == 0 || encoding == BodyEncoding::eight_bit) &&
                     text.find(boundary) == std::string::npos;
  const std::string_view name = !whole ? "quoted-printable" : high > 0 ? "8bit" : "7bit";
  out += fmt::format("--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n",
                     boundary, type, name);
  // In quoted-printable the boundary's "=_" can not occur.
  out += whole ? text : encode_quoted_printable(text);
  out += "\r\n";
}

}  // namespace

std::string make_message_id(const LinkId& id, std::string_view sender_address) {
  return fmt::format("<{}{}>", to_string(id), sender_address.substr(sender_address.find('@')));
}

std::string compose_message(const Header& header, const Content& content, BodyEncoding encoding) {
  check_address("the sender", header.from.address);
  check_address("the recipient", header.to);
  check_line("the sender's name", header.from.name);
  check_line("the subject", content.subject);
  if (!is_valid_utf8(content.text) || !is_valid_utf8(content.html)) throw BadMessage("a part is not UTF-8");

  const std::string boundary = "=_latchkey_" + to_string(header.id);
  std::string out;
  out.reserve(content.text.size() + content.html.size() + 2048);
  out += fmt::format("Date: {}\r\n", format_date(header.date));
  out += fmt::format("From: {}\r\n", format_mailbox(header.from));
  out += fmt::format("To: {}\r\n", header.to);
  out += fmt::format("Subject: {}\r\n", format_subject(content.subject));
  out += fmt::format("Message-ID: {}\r\n", make_message_id(header.id, header.from.address));
  out += "MIME-Version: 1.0\r\n";
  out += "Auto-Submitted: auto-generated\r\n";
  out += fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n", boundary);
  append_part(out, boundary, "text/plain", content.text, encoding);
  append_part(out, boundary, "text/html", content.html, encoding);
  out += fmt::format("--{}--\r\n", boundary);
  return out;
}

}  // namespace latchkey::mail
