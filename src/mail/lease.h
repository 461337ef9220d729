#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "base/periodic.h"
#include "base/time.h"
#include "db/database.h"
#include "store/mails.h"

namespace latchkey::mail {

/// Until when this node has a mail to itself.
struct Lease {
  const store::mails::Queue* queue;  ///< where the mail waits
  LinkId mail;
  Timestamp end;    ///< as the store has it, or, when it did not answer, had it
  Timestamp asked;  ///< what the store was asked last to make of it; the same, once it has answered
};

/// Makes a lease longer, again and again, while its mail is sent: on a thread of its own, since a mail server
/// may take minutes for a mail. So leases can be short, and the mail of a node that dies goes out soon, and
/// yet nobody else sends a mail that is still being sent. A mail that goes out as fast as most costs no
/// statement.
class LeaseRenewal {
 public:
  /// Begins with a lease that was just taken, of `length`. It is renewed each time a third of that has
  /// passed. What is referred to must outlive it.
  LeaseRenewal(db::Database& database, const Clock& clock, Lease lease, std::chrono::milliseconds length,
               const std::stop_token& stop);
  LeaseRenewal(const LeaseRenewal&) = delete;
  LeaseRenewal& operator=(const LeaseRenewal&) = delete;
  ~LeaseRenewal() = default;

  /// The sending thread has to stop: `stop` was asked for, or the lease was lost. That is when the mail was
  /// given to somebody else, put aside or deleted, or the lease has run out with a store that does not
  /// answer.
  std::stop_token stop_token() const { return sending_.get_token(); }

  /// Ends the renewal, once a statement that is under way has been answered; the lease, unless it was lost.
  std::optional<Lease> finish();

 private:
  void renew();

  db::Database& database_;
  const Clock& clock_;
  const std::chrono::milliseconds length_;
  Lease lease_;        // the thread's until `finish`
  bool lost_ = false;  // the same
  std::stop_source sending_;
  std::stop_callback<std::function<void()>> pass_on_;
  Periodic thread_;
};

}  // namespace latchkey::mail
