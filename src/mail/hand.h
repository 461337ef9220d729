#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "store/mails.h"

namespace latchkey::mail {

/// A mail that is due, and the table that it waits in.
struct Due {
  const store::mails::Queue* queue;
  store::mails::Mail row;
};

/// The mails that this process has in hand: those that wait for a connection, and those that one is busy
/// with. No mail is in it twice. Any thread may call.
///
/// A recipient has one connection at a time, so that a recipient whose server is slow holds up nobody else.
/// Of several idle connections the one with the lowest number gets the next mail: mails that follow each
/// other share an open connection.
class Hand {
 public:
  explicit Hand(std::size_t connections) : idle_(connections, false) {}

  /// Takes the mail in hand; false if it is already.
  bool add(const store::mails::Queue& queue, store::mails::Mail row);
  /// Waits for a mail that connection number `connection` is to send; nothing when the patience is over or
  /// `stop` was asked for. The mail stays in hand until it is released.
  std::optional<Due> take(std::size_t connection, const std::stop_token& stop,
                          std::chrono::milliseconds patience);
  void release(const Due& due);

  /// Whether no connection could take a mail now: what waits is for recipients whose turn it is not.
  bool is_drained() const;
  /// Whether no mail waits and no connection is busy.
  bool is_empty() const;

 private:
  struct Busy {
    const store::mails::Queue* queue;
    LinkId mail;
    std::string recipient;
  };
  using Waiting = std::deque<Due>;
  /// The longest waiting whose recipient no connection is busy with.
  Waiting::const_iterator next() const;
  bool has_idle_before(std::size_t connection) const;

  mutable std::mutex mutex_;
  std::condition_variable_any news_;
  Waiting waiting_;
  std::vector<Busy> busy_;
  std::vector<bool> idle_;  ///< by the number of the connection
};

}  // namespace latchkey::mail
