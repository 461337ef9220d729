#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "db/database.h"
#include "mail/lease.h"
#include "mail/message.h"
#include "mail/schedule.h"
#include "mail/templates.h"
#include "mail/transport.h"
#include "settings/settings.h"
#include "store/mails.h"

namespace latchkey::mail {

/// The keys of this moment. Called on the mail thread, which uses the answer until it calls again. May throw;
/// then the mail is tried again later.
using FindLinkKeys = std::function<LinkKeys()>;

/// Whether other servers send from the same tables.
enum class Nodes : std::uint8_t {
  one,      ///< then mail that a crash left half sent, or that waits for another try, goes out at the start
  several,  ///< then it waits until it falls due
};

struct WorkerOptions {
  settings::Mailbox from{};  ///< without an address: `latchkey@localhost`
  std::string service{};     ///< the public host; shown in mails
  Nodes nodes = Nodes::several;
  /// For how long one node has a mail to itself, unless it asks for more (mail/lease.h): so long the
  /// mail of a node that has died waits. Longer than a database takes to fail over.
  std::chrono::milliseconds lease{60'000};
  /// How long it sleeps at most: other nodes write mail too, and clocks jump.
  std::chrono::milliseconds poll{5000};
  std::int64_t batch = 32;  ///< how many mails are looked at in one go
};

/// Sends the mail that waits, in `mails` and in the `outbox` of programs up to 0.1.0, on a thread of its own:
/// at least once, never lost, never holding up a request. Several nodes may run one each on the same
/// database.
///
/// A mail is claimed for a lease before it is sent, which is renewed for as long as that takes, and its row
/// is deleted once it was taken; when it could not be sent it is tried again by mail/schedule.h, and put
/// aside, with the reason, when its recipient or content was refused for good, when its link ran out, or when
/// the patience did. A mail with a link is dropped when its account is gone or blocked, or is no longer what
/// the link was made for; that is looked at each time before it is sent. A database that does not answer is
/// waited for. Nothing it logs holds a link or an address: mails are named by their id.
class Worker {
 public:
  /// Everything referred to must outlive it. Nothing happens before `start`.
  Worker(db::Database& database, const Clock& clock, const Templates& templates,
         std::unique_ptr<Transport> transport, FindLinkKeys find_keys, WorkerOptions options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Begins. Once.
  void start();
  /// A mail was committed: look at once. Any thread, at any time; costs an uncontended lock.
  void wake();
  /// Ends the thread and waits for it, even in the middle of a delivery: then that mail is sent again later.
  /// What else is due stays where it is.
  void stop();

 private:
  using Queue = store::mails::Queue;
  using Row = store::mails::Mail;

  /// A mail that this worker has claimed.
  struct Claimed {
    const Queue& queue;
    const Row& row;
    std::int64_t tries;
  };
  struct Place {
    const Queue* queue;
    LinkId mail;
    bool operator==(const Place&) const = default;
  };

  void work(const std::stop_token& stop);
  /// Makes everything due that waits for another try or was claimed by a process that is gone.
  void take_over(const Queue& queue);
  /// One pass over what is due. Answers how long to sleep.
  std::chrono::milliseconds send_due(const std::stop_token& stop);
  void send(const Queue& queue, const Row& row, const std::stop_token& stop);
  std::optional<store::users::Contact> find_account(const Row& row);
  Delivery attempt(const Row& row, std::optional<store::users::Contact> account, Timestamp now,
                   const std::stop_token& stop);
  Content render(const Row& row, const Mail& mail, const std::optional<Links>& links) const;
  void settle(const Claimed& mail, const Delivery& delivery);
  void try_later(const Claimed& mail, Timestamp now, const std::string& reason);
  void put_aside(const Claimed& mail, const std::string& reason);
  void drop(const Claimed& mail, const std::string& reason);
  void delete_delivered();
  void release_doubtful();
  void note_trouble(std::string_view reason);

  db::Database& database_;
  const Clock& clock_;
  const Templates& templates_;
  const std::unique_ptr<Transport> transport_;
  const FindLinkKeys find_keys_;
  const WorkerOptions options_;

  /// Taken by a server, but their rows could not be deleted yet: they must not be sent again.
  std::vector<Place> delivered_;
  /// Mails that the store failed over, between the claim and its end: whether it has the claim is not known.
  std::vector<Lease> doubtful_;
  std::minstd_rand jitter_;
  bool taken_over_ = false;
  bool in_trouble_ = false;

  std::mutex mutex_;
  std::condition_variable_any news_;
  bool woken_ = false;
  std::jthread thread_;
};

}  // namespace latchkey::mail
