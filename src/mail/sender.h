#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>

#include "base/time.h"
#include "db/database.h"
#include "mail/hand.h"
#include "mail/lease.h"
#include "mail/message.h"
#include "mail/templates.h"
#include "mail/transport.h"
#include "settings/settings.h"

namespace latchkey::mail {

/// The keys of this moment. Called on a mail thread, which uses the answer until it calls again. May throw;
/// then the mail is tried again later.
using FindLinkKeys = std::function<LinkKeys()>;

/// What every mail has.
struct Sending {
  settings::Mailbox from{};     ///< without an address: `latchkey@localhost`
  std::string envelope_from{};  ///< who hears of mails that come back; empty: the address of `from`
  std::string service{};        ///< the public host; shown in mails
  /// For how long one node has a mail to itself, unless it asks for more (mail/lease.h): so long the
  /// mail of a node that has died waits. Longer than a database takes to fail over.
  std::chrono::milliseconds lease{60'000};
};

/// Sends mails one after the other over one connection: claims, makes the message, delivers, and writes down
/// what has become of it. One thread uses it.
class Sender {
 public:
  /// What is referred to must outlive it.
  Sender(db::Database& database, const Clock& clock, const Templates& templates,
         std::unique_ptr<Transport> transport, const FindLinkKeys& find_keys, const Sending& options);

  /// Throws what the store throws; then `settle_rest` says when the mail is dealt with.
  void send(const Due& due, const std::stop_token& stop);
  /// Does what the store has not answered yet of the mail that was sent last: until then nobody may send that
  /// mail. Throws what the store throws.
  void settle_rest();
  /// Nothing is left to send for now.
  void rest() { transport_->rest(); }

 private:
  using Queue = store::mails::Queue;
  using Row = store::mails::Mail;

  /// A mail that this sender has claimed.
  struct Claimed {
    const Queue& queue;
    const Row& row;
    std::int64_t tries;
  };
  struct Place {
    const Queue* queue;
    LinkId mail;
  };

  std::optional<store::users::Contact> find_account(const Row& row);
  Delivery attempt(const Row& row, std::optional<store::users::Contact> account, Timestamp now,
                   const std::stop_token& stop);
  Content render(const Row& row, const Mail& mail, const std::optional<Links>& links) const;
  void settle(const Claimed& mail, const Delivery& delivery);
  void try_later(const Claimed& mail, Timestamp now, const std::string& reason);
  void put_aside(const Claimed& mail, const std::string& reason);
  void drop(const Claimed& mail, const std::string& reason);

  db::Database& database_;
  const Clock& clock_;
  const Templates& templates_;
  const std::unique_ptr<Transport> transport_;
  const FindLinkKeys& find_keys_;
  const Sending& options_;

  /// Taken by a server, but its row could not be deleted yet: it must not be sent again.
  std::optional<Place> delivered_;
  /// The store failed between the claim and the end: whether it has the claim is not known.
  std::optional<Lease> doubtful_;
  std::minstd_rand jitter_;
};

}  // namespace latchkey::mail
