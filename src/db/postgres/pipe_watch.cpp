// What a pipe does about time: those that wait too long are refused, and a connection that is silent is given
// up.

#include "db/postgres/pipe.h"

namespace latchkey::db::postgres {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds look_every{50};
/// What an answer may take beyond the time that the server gives itself.
constexpr milliseconds answer_slack{1000};

}  // namespace

void PostgresPipe::note_answer() {
  progress_at_ = SteadyClock::now();
  all_.heard(generation_);
  if (!std::exchange(unanswered_, false)) return;
  health_.up();
}

void PostgresPipe::note_unanswered() {
  unanswered_ = true;
  why_away_ = state_ == State::connecting
                  ? "a connection to the database takes long to open, while others are answered: the server, "
                    "or the pooler or proxy before it, may have none to spare"
                  : "a connection to the database is not answered, while others are";
  health_.down(why_away_);
  hand_on(alone_);
  hand_on(waiting_);
}

/// Looks at those that wait, twenty times a second while there are any.
void PostgresPipe::watch() {
  watching_ = true;
  timers_->watch.expires_after(look_every);
  timers_->watch.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || state_ == State::closed) return;
    watching_ = false;
    const auto now = SteadyClock::now();
    refuse_late(waiting_, options_.patience, now);
    // The server has them one after the other; but a server that is away is not waited for.
    refuse_late(alone_, state_ == State::ready ? options_.statement_timeout : options_.patience, now);
    const auto silence = now - progress_at_;
    const bool asks = state_ == State::connecting || !batches_.empty();
    const bool alone_with_that = all_.has_heard_since(progress_at_ + unanswered_limit / 2);
    if (asks && !unanswered_ && silence > unanswered_limit && alone_with_that) note_unanswered();
    const bool gone = (all_.is_silent() || generation_ != all_.generation()) && silence > silence_limit;
    if (handle_ && !batches_.empty() && (gone || silence > options_.statement_timeout + answer_slack)) {
      if (gone) all_.end_generation(generation_);
      lose("the database did not answer in time");
    }
    if (size_ > 0) watch();
    finish_turn();
  });
}

void PostgresPipe::refuse_late(TicketList& tickets, milliseconds patience, Ticket::SteadyTime now) {
  TicketList late;
  while (tickets.first() != nullptr && tickets.first()->queued_at + patience < now) late.push(*tickets.pop());
  const bool connecting = state_ != State::ready;
  refuse_all(late, connecting ? "no connection to the database in time" : "the database is busy");
}

}  // namespace latchkey::db::postgres
