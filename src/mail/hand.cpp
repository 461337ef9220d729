#include "mail/hand.h"

#include <algorithm>
#include <utility>

namespace latchkey::mail {

using store::mails::Queue;

bool Hand::add(const Queue& queue, store::mails::Mail row) {
  {
    const std::scoped_lock lock(mutex_);
    const auto waits = [&](const Due& due) { return due.queue == &queue && due.row.id == row.id; };
    const auto is_sent = [&](const Busy& mail) { return mail.queue == &queue && mail.mail == row.id; };
    if (std::ranges::any_of(waiting_, waits) || std::ranges::any_of(busy_, is_sent)) return false;
    waiting_.push_back({&queue, std::move(row)});
  }
  news_.notify_all();
  return true;
}

std::optional<Due> Hand::take(std::size_t connection, const std::stop_token& stop,
                              std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  idle_[connection] = true;
  const bool found = news_.wait_for(lock, stop, patience,
                                    [&] { return next() != waiting_.end() && !has_idle_before(connection); });
  idle_[connection] = false;
  std::optional<Due> due;
  if (found && !stop.stop_requested()) {
    const auto mail = next();
    due.emplace(*mail);
    waiting_.erase(mail);
    busy_.push_back({due->queue, due->row.id, due->row.recipient});
  }
  // Another one is the first of those that are idle now.
  lock.unlock();
  news_.notify_all();
  return due;
}

void Hand::release(const Due& due) {
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(busy_,
                  [&](const Busy& mail) { return mail.queue == due.queue && mail.mail == due.row.id; });
  }
  news_.notify_all();
}

bool Hand::is_drained() const {
  const std::scoped_lock lock(mutex_);
  return next() == waiting_.end();
}

bool Hand::is_empty() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.empty() && busy_.empty();
}

Hand::Waiting::const_iterator Hand::next() const {
  return std::ranges::find_if(waiting_, [this](const Due& due) {
    return std::ranges::find(busy_, due.row.recipient, &Busy::recipient) == busy_.end();
  });
}

bool Hand::has_idle_before(std::size_t connection) const {
  return std::find(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(connection), true) !=
         idle_.begin() + static_cast<std::ptrdiff_t>(connection);
}

}  // namespace latchkey::mail
