#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/time.h"
#include "mail/message.h"

namespace latchkey::mail {

struct OutgoingMail {
  LinkId id;
  Timestamp now;
  std::string sender;     ///< address of MAIL FROM
  std::string recipient;  ///< address of RCPT TO
  std::string message;    ///< as `compose_message` wrote it
  std::string link;       ///< the confirmation link, for the newcomer's log line alone
};

/// How an attempt ended. `reason` is short printable ASCII and holds no link, no password and no address, so
/// it may be logged and stored.
struct Delivery {
  enum class Outcome : std::uint8_t {
    taken,    ///< it is the next server's now
    later,    ///< worth another try
    refused,  ///< never for this recipient or this message
    stopped,  ///< given up because we are asked to stop; nothing is known
  };
  Outcome outcome = Outcome::taken;
  std::string reason;
};

/// Where mail goes. One thread uses it.
class MailTransport {
 public:
  MailTransport() = default;
  MailTransport(const MailTransport&) = delete;
  MailTransport& operator=(const MailTransport&) = delete;
  virtual ~MailTransport() = default;

  virtual BodyEncoding encoding() const = 0;

  /// Delivers one mail, and returns within a bounded time, soon after `stop` was asked for. Throws nothing
  /// but `std::bad_alloc`.
  virtual Delivery deliver(const OutgoingMail& mail, std::stop_token stop) = 0;

  /// Nothing is left to send for now: lets go of what should not be held for long.
  virtual void rest() {}
};

}  // namespace latchkey::mail
