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

/// A failed dialogue. `code` is the last reply's, 0 when none came; `error` is our own account of it.
struct SmtpFailure {
  SmtpStage stage = SmtpStage::connect;
  int code = 0;
  std::string_view reply;
  std::string_view error;
};

/// Permanent are 5xx replies to the recipient or the content (RFC 5321 §4.2.1), except the one that asks us
/// to sign in. All others speak of the server or of our settings, which may be mended: later.
Delivery judge(const SmtpFailure& failure);

/// A reply as it may be logged: printable ASCII, at most 200 characters, and without words that hold an
/// address, a URL or something as long as a token.
std::string clean_reply(std::string_view reply);

}  // namespace latchkey::mail
