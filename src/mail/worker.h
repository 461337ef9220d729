#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

#include "mail/hand.h"
#include "mail/sender.h"

namespace latchkey::mail {

/// Whether other servers send from the same tables.
enum class Nodes : std::uint8_t {
  one,      ///< then mail that a crash left half sent, or that waits for another try, goes out at the start
  several,  ///< then it waits until it falls due
};

struct WorkerOptions : Sending {
  Nodes nodes = Nodes::several;
  /// How long it sleeps at most: other nodes write mail too, and clocks jump.
  std::chrono::milliseconds poll{5000};
  std::int64_t batch = 32;  ///< how many mails are looked at in one go
};

/// One for each connection to the mail server that may be open at once; at least one.
using Transports = std::vector<std::unique_ptr<Transport>>;

/// Sends the mail that waits, in `mails` and in the `outbox` of programs up to 0.1.0: at least once, never
/// lost, never holding up a request. One thread looks for what is due, and each connection has a thread that
/// sends. Several nodes may run one worker each on the same database.
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
  Worker(db::Database& database, const Clock& clock, const Templates& templates, Transports transports,
         FindLinkKeys find_keys, WorkerOptions options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Begins. Once.
  void start();
  /// A mail was committed: look at once. Any thread, at any time; costs an uncontended lock.
  void wake();
  /// Ends the threads and waits for them, even in the middle of a delivery: then that mail is sent again
  /// later. What else is due stays where it is.
  void stop();

 private:
  using Queue = store::mails::Queue;
  /// For whom the store failed last: a connection by its number, or the thread that looks.
  using Party = std::size_t;

  void look_for_mail();
  /// Makes everything due that waits for another try or was claimed by a process that is gone.
  void take_over(const Queue& queue);
  /// Takes what is due in hand. Answers how long to sleep.
  std::chrono::milliseconds take_in_hand();
  void send_mail(std::size_t connection);
  void send(std::size_t connection, const Due& due);
  /// False when it is to end.
  bool sleep(std::chrono::milliseconds time);
  void note_trouble(Party party, std::string_view reason);
  void note_success(Party party);

  db::Database& database_;
  const Clock& clock_;
  const FindLinkKeys find_keys_;
  const WorkerOptions options_;
  std::vector<std::unique_ptr<Sender>> senders_;
  Hand hand_;
  std::stop_source stop_;

  bool taken_over_ = false;                 ///< of the thread that looks
  Timestamp looked_at_;                     ///< of that thread, too: when it last did
  std::atomic<bool> may_have_more_{false};  ///< is due than was taken in hand the last time

  std::mutex mutex_;
  std::condition_variable_any news_;
  bool woken_ = false;
  std::vector<bool> in_trouble_;
  std::vector<std::thread> threads_;
};

}  // namespace latchkey::mail
