#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mail/transport.h"

/// What the end of an SMTP dialogue means; apart from the dialogue itself, so that it is tested as a table.
namespace latchkey::mail {

/// How far the dialogue came.
enum class SmtpStage : std::uint8_t { connect, greeting, tls, sign_in, sender, recipient, content };
std::string_view name_of(SmtpStage stage);

/// The stage that a line of ours opens; nothing for one that opens none, such as the answers of AUTH.
bool read_command(std::string_view line, SmtpStage& stage);

/// A failed dialogue. `code` is the last reply's, 0 when none came; `error` is libcurl's account of it, and
/// `explanation` ours, where we know better: then it is the reason.
struct SmtpFailure {
  SmtpStage stage = SmtpStage::connect;
  int code = 0;
  std::string_view reply{};
  std::string_view error{};
  std::string_view explanation{};
};

/// Permanent are 5xx replies to the recipient or the content (RFC 5321 §4.2.1), except the one that asks us
/// to sign in. All others speak of the server or of our settings, which may be mended: later.
Delivery judge(const SmtpFailure& failure);

/// What libcurl tells of a dialogue that ended before its time.
struct SmtpEvidence {
  SmtpStage stage = SmtpStage::connect;
  bool connected = false;         ///< there was a TCP connection of this dialogue's own
  bool tls_first = false;         ///< `smtps://`
  bool login_denied = false;      ///< libcurl says so
  std::string_view mechanisms{};  ///< what the server offered with AUTH
  std::string_view error{};
};
/// The sentence that the operator needs where libcurl's misleads: nobody was asked to sign in, or one end
/// spoke TLS from the first byte and the other did not. Else an empty text.
std::string explain(const SmtpEvidence& evidence);

/// The mechanisms that a line of the answer to EHLO offers, if it is the one with AUTH (RFC 4954 §3); else an
/// empty view.
std::string_view read_mechanisms(std::string_view line);

/// A reply as it may be logged: printable ASCII, at most 200 characters, and without words that hold an
/// address, a URL or something as long as a token.
std::string clean_reply(std::string_view reply);

}  // namespace latchkey::mail
