#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/time.h"
#include "mail/mime.h"

namespace latchkey::mail {

struct Outgoing {
  LinkId id;
  Timestamp now;
  std::string sender;     ///< address of MAIL FROM, which bounces go to
  std::string recipient;  ///< address of RCPT TO
  std::string message;    ///< as `compose_message` wrote it
  std::string link;       ///< the link in it, if any: for the newcomer's log line alone
};

/// How an attempt ended. `reason` is short printable ASCII and holds no link, no password and no address, so
/// it may be logged and stored.
struct Delivery {
  enum class Outcome : std::uint8_t {
    taken,    ///< it is the next server's now
    later,    ///< worth another try
    refused,  ///< never for this recipient or this message
    stopped,  ///< given up because we are asked to stop; nothing is known
    dropped,  ///< never asked of a server: what the mail was for is gone
  };
  Outcome outcome = Outcome::taken;
  std::string reason;
};

/// Where mail goes. One thread uses it.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual BodyEncoding encoding() const = 0;

  /// Delivers one mail, and returns within a bounded time, soon after `stop` was asked for. Throws nothing
  /// but `std::bad_alloc`.
  virtual Delivery deliver(const Outgoing& mail, std::stop_token stop) = 0;

  /// Nothing is left to send for now: lets go of what should not be held for long.
  virtual void rest() {}
};

}  // namespace latchkey::mail
