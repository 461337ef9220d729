#pragma once

#include <string>
#include <string_view>

namespace latchkey::mail {

/// What a mail says, read back.
struct ReadMessage {
  std::string to;
  std::string subject;
  std::string text;  ///< lines end with `\n`
  std::string html;
};

/// Reads a message that `compose_message` has written, for people who look at mails that were kept as files:
/// header lines that were folded, encoded words in UTF-8, the two parts, and quoted-printable. What is not
/// there, or written in another way, is left empty or as it stands. Nothing is checked: the result may hold
/// any bytes. Takes time in proportion to the message.
ReadMessage read_message(std::string_view message);

}  // namespace latchkey::mail
