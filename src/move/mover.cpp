#include "move/mover.h"

#include <chrono>
#include <thread>

#include "base/log.h"
#include "base/test_point.h"
#include "crypto/random.h"
#include "db/error.h"
#include "db/tx.h"

namespace latchkey::move {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// How long a target that has gone away between two marks is waited for.
constexpr std::chrono::seconds return_limit{30};

/// For how long a target may say nothing. Whole tables are emptied and counted.
constexpr std::chrono::minutes copy_silence{35};
constexpr std::chrono::seconds held_silence{60};
constexpr std::chrono::seconds mark_silence{10};

template <class Statement, class... Args>
auto ask(db::Side& side, const Statement& statement, const Args&... args) {
  decltype(db::Tx(std::declval<db::Connection&>()).run(statement, args...)) answer{};
  side.read([&](db::Connection& connection) { answer = db::Tx(connection).run(statement, args...); });
  return answer;
}

std::optional<marks::Mark> find_barring(db::Side& side) {
  auto marks = ask(side, marks::list_barring);
  if (marks.empty()) return std::nullopt;
  return std::move(marks.front());
}

std::string when(const marks::Mark& mark) { return " at " + format_rfc3339(mark.at); }

class Mover {
 public:
  Mover(const MoveRequest& request, MoveObserver& observer)
      : request_(request), source_(request.source), observer_(observer), target_(open_target()) {}

  MoveOutcome run();

 private:
  void check_parties();
  bool finish_earlier();
  void claim_target();
  void transfer();
  void hold();
  void leave();
  std::unique_ptr<db::Side> open_target();
  void while_waiting(std::chrono::milliseconds silence);
  void complete_target();
  /// Whether the target is complete, now or since earlier. False: it never will be.
  bool try_to_complete();
  void finish_source();
  void let_source_go_on(std::string_view why);

  Timestamp now() const { return request_.clock.now(); }

  const MoveRequest& request_;
  db::Side& source_;
  MoveObserver& observer_;
  std::chrono::seconds most_silence_ = copy_silence;
  bool source_is_left_ = false;  ///< or it is not known whether it is
  std::unique_ptr<db::Side> target_;
  marks::MoveId id_{};
  SteadyClock::time_point held_at_{};
  MoveOutcome outcome_;
};

std::unique_ptr<db::Side> Mover::open_target() {
  return request_.open_target([this](std::chrono::milliseconds silence) { while_waiting(silence); });
}

void Mover::while_waiting(std::chrono::milliseconds silence) {
  if (!source_is_left_) observer_.wait();
  if (observer_.is_ending()) throw Unavailable("this process is stopping");
  if (silence < most_silence_) return;
  throw Unavailable(request_.target_name + " has not answered for " + std::to_string(most_silence_.count()) +
                    " s");
}

void Mover::check_parties() {
  for (db::Side* side : {&source_, target_.get()}) {
    const bool is_source = side == &source_;
    if (!marks::take_turn(*side)) {
      throw MoveRefused(std::string("another move is running on ") +
                        (is_source ? request_.source_name : request_.target_name) + ": wait until it ends");
    }
    // What this does not know would be left behind.
    const auto differences = tables::compare_with_schema(*side, request_.content);
    if (!differences.empty()) {
      throw MoveRefused((is_source ? request_.source_name : request_.target_name) +
                        " does not have the tables that this program moves: " + differences.front());
    }
  }
}

/// Whether there was nothing left to do but marks.
bool Mover::finish_earlier() {
  const auto mark = find_barring(source_);
  if (!mark.has_value()) return false;
  if (mark->stage == marks::filling) {
    throw MoveRefused(request_.source_name + " is the unfinished target of a move from " + mark->partner +
                      ": nothing can be moved out of it");
  }
  id_ = mark->id;
  const auto there = ask(*target_, marks::find_mark, id_);
  if (mark->stage == marks::left) {
    if (!there.has_value())
      throw MoveRefused(request_.source_name + " has been moved to " + mark->partner + when(*mark) +
                        ": it cannot be moved again");
    return true;
  }
  if (there.has_value()) {
    observer_.tell("an earlier move had reached its last step, which is completed now");
    complete_target();
    finish_source();
    return true;
  }
  if (mark->partner != request_.target_name) {
    throw MoveRefused(request_.source_name + " was being moved to " + mark->partner +
                      ", which may be complete: name that as the target");
  }
  // That target is gone, with what it had been given: the earlier move can never be completed.
  marks::release(source_, request_.content);
  return false;
}

void Mover::claim_target() {
  const auto mark = find_barring(*target_);
  if (mark.has_value() && mark->stage != marks::filling) {
    throw MoveRefused("the target " + request_.target_name + " has been moved to " + mark->partner +
                      " itself" + when(*mark) + ": use an empty one");
  }
  if (mark.has_value()) {
    observer_.tell("the target holds an unfinished earlier move: it is emptied and filled again");
  } else if (const auto used = tables::list_used(*target_, request_.content); !used.empty()) {
    std::string names;
    for (const auto name : used) names += (names.empty() ? "" : ", ") + std::string(name);
    throw MoveRefused("the target " + request_.target_name + " is not empty: there are rows in " + names +
                      "; use an empty one");
  }
  id_.bytes = crypto::random_array<16>();
  target_->write([&](db::Connection& connection) {
    db::Tx tx(connection);
    tx.run(marks::delete_filling);
    tables::clear(connection, target_->dialect(), request_.content);
    tx.run(marks::insert_mark, id_, marks::filling, request_.source_name, now());
  });
}

void Mover::hold() {
  most_silence_ = held_silence;
  held_at_ = SteadyClock::now();
  marks::hold_writes(source_, request_.content);
}

void Mover::transfer() {
  marks::begin_log(source_, request_.content);
  // The state's rows are made by a migration, too, in place of which the source's come.
  MoveCopy copy(source_, *target_, request_.content, observer_);
  copy.copy_all();
  copy.follow();
  copy.compare_all();
  copy.follow();
  hold();
  test_point("move.held");
  copy.follow_to_the_end();
  copy.compare_counts();
  copy.carry_last_ids();
  outcome_.tables = copy.tables();
}

void Mover::leave() {
  observer_.wait();
  source_is_left_ = true;
  source_.write([&](db::Connection& connection) {
    db::Tx(connection).run(marks::insert_mark, id_, marks::leaving, request_.target_name, now());
    marks::hold_for_ever(connection, source_.dialect());
  });
  outcome_.held = std::chrono::duration_cast<Microseconds>(SteadyClock::now() - held_at_);
}

bool Mover::try_to_complete() {
  bool complete = false;
  target_->write([&](db::Connection& connection) {
    db::Tx tx(connection);
    tx.run(marks::update_stage, marks::arrived, now(), id_, marks::filling);
    // Written again also where an earlier try has set it: that one's commit may not have reached the standbys
    // yet, and this one is not answered before it has.
    tx.run(marks::update_stage, marks::arrived, now(), id_, marks::arrived);
    const auto mark = tx.run(marks::find_mark, id_);
    complete = mark.has_value() && mark->stage == marks::arrived;
  });
  return complete;
}

/// The one step whose outcome may be unknown for a while: asked until it is known.
void Mover::complete_target() {
  source_is_left_ = true;
  most_silence_ = mark_silence;
  const auto deadline = SteadyClock::now() + return_limit;
  bool complete = false;
  for (bool answered = false; !answered;) {
    try {
      if (target_ == nullptr) target_ = open_target();
      complete = try_to_complete();
      answered = true;
    } catch (const std::exception& error) {
      target_.reset();
      const bool may_pass = dynamic_cast<const Unavailable*>(&error) != nullptr;
      if (!may_pass || observer_.is_ending() || SteadyClock::now() >= deadline) {
        throw MoveRefused("the last step failed at " + request_.target_name + " (" + error.what() +
                          "). Whether it is complete is not known, so neither store may be served: fix that, "
                          "and run the same command again, which takes a moment");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
  }
  if (complete) return;
  // It never will be, so the source is what counts.
  marks::release(source_, request_.content);
  throw MoveRefused("somebody emptied the target meanwhile; the source goes on as if nothing had happened");
}

void Mover::finish_source() {
  try {
    source_.write([&](db::Connection& connection) {
      db::Tx(connection).run(marks::update_stage, marks::left, now(), id_, marks::leaving);
      marks::drop_log(connection, source_.dialect(), request_.content);
    });
  } catch (const std::exception& error) {
    throw MoveRefused(
        "everything is at " + request_.target_name + ", which may be served; only " + request_.source_name +
        " could not record that (" + error.what() +
        "). It must no longer be served: fix that, and run the same command again, which takes a moment");
  }
}

/// After `error`, or whatever else is in flight. Also when it is not known whether `leave` was committed:
/// this undoes it, or is not carried out either.
void Mover::let_source_go_on(std::string_view why) {
  try {
    marks::release(source_, request_.content);
  } catch (const std::exception& error) {
    log::warn("move.not_released", {{"reason", error.what()}});
    // On PostgreSQL its writes were held by the session that is lost. Else the next start, or the next move,
    // lets them go on.
    if (!source_is_left_) return;
    throw MoveRefused(
        "the move has failed (" + std::string(why) + "), and " + request_.source_name +
        " could not record that (" + error.what() +
        "): it may refuse writes, and its nodes stop, until that is fixed and the same command is run again");
  }
}

MoveOutcome Mover::run() {
  check_parties();
  if (finish_earlier()) return std::move(outcome_);
  try {
    claim_target();
    transfer();
    leave();
    test_point("move.left");
  } catch (const std::exception& error) {
    let_source_go_on(error.what());
    throw;
  } catch (...) {
    let_source_go_on("nobody is waiting for it any more");
    throw;
  }
  complete_target();
  test_point("move.arrived");
  finish_source();
  return std::move(outcome_);
}

}  // namespace

MoveOutcome move_content(const MoveRequest& request, MoveObserver& observer) {
  return Mover(request, observer).run();
}

std::optional<std::string> explain_barred(db::Database& database) {
  const auto marks = database.run_now(marks::list_barring);
  if (marks.empty()) return std::nullopt;
  const auto& mark = marks.front();
  if (mark.stage == marks::filling) {
    return "this store is the unfinished target of a move from " + mark.partner + ", begun" + when(mark) +
           ": run that `latchkey move` again, which empties it and fills it again";
  }
  if (mark.stage == marks::leaving) {
    return "this store was being moved to " + mark.partner +
           ", and the move stopped before its last step: run the same `latchkey move` again, which takes a "
           "moment";
  }
  return "this store has been moved to " + mark.partner + when(mark) +
         ": serve that one from now on (database_url or data_dir); what happens here would not count there";
}

}  // namespace latchkey::move
