#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/time.h"
#include "settings/settings.h"

namespace latchkey::mail {

/// A header or an address that would not be what it says it is. A bug or a bad setting, never a user's doing:
/// what users choose was checked when it came in.
class BadMessage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a mail says, apart from how it travels. Line ends are `\n` or CR LF.
struct Content {
  std::string subject;  ///< one line
  std::string text;
  std::string html;
};

struct Header {
  LinkId id;  ///< makes the Message-ID, so that a mail that is sent twice is known to be the same
  settings::Mailbox from;
  std::string to;  ///< an address, and nothing else
  Timestamp date;
};

/// Whether bytes above 127 may stand as they are.
enum class BodyEncoding : std::uint8_t {
  seven_bit,  ///< quoted-printable where it is needed: passes every server
  eight_bit,  ///< for files that people open: a link stays in one piece even beside a non-ASCII name
};

/// The message, ready for DATA or an `.eml` file: CR LF, lines of at most 998 bytes (RFC 5322 §2.1.1),
/// multipart/alternative of text and HTML in UTF-8 (RFC 2045, 2046), `Auto-Submitted: auto-generated`
/// (RFC 3834). A part that is ASCII with short lines stays as it is, so that its links stand whole on one
/// line; any other is encoded. The same arguments give the same bytes.
///
/// Throws `BadMessage`, having written nothing, when the subject holds a control character or is not UTF-8,
/// or an address is not one that `parse_email_address` would give back unchanged.
std::string compose_message(const Header& header, const Content& content, BodyEncoding encoding);

/// `<…@…>`; the part behind the @ is the sender's domain.
std::string make_message_id(const LinkId& id, std::string_view sender_address);

}  // namespace latchkey::mail
