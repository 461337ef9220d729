#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/id.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/audit.h"

/// What happens to accounts, sessions and keys, told in one call to everybody who wants to know: the audit,
/// the metrics and the log. A flow names an event and what came of it, and none of the three.
namespace latchkey::flow {

/// What came of something, as the audit says it: "ok", the code of a refusal, or a word of the event's own.
class Outcome {
 public:
  constexpr Outcome() = default;
  /// `word` is a literal.
  constexpr explicit Outcome(std::string_view word) : word_(word) {}
  constexpr Outcome(ErrorCode code) : code_(code) {}  // NOLINT(google-explicit-constructor)

  std::string_view text() const { return word_.empty() ? describe(code_).code : word_; }
  friend constexpr bool operator==(const Outcome&, const Outcome&) = default;

 private:
  std::string_view word_;
  ErrorCode code_ = ErrorCode::internal;
};

inline constexpr Outcome ok{"ok"};

/// Which number each outcome adds to. An outcome that has none is not counted.
class CountedOutcomes {
 public:
  struct Row {
    Outcome outcome;
    metrics::Counter* counter = nullptr;
  };
  constexpr CountedOutcomes() = default;
  constexpr CountedOutcomes(std::initializer_list<Row> rows) {  // NOLINT(google-explicit-constructor)
    if (rows.size() > rows_.size()) throw std::logic_error("make room for more outcomes");
    for (const Row& row : rows) rows_[count_++] = row;
  }
  metrics::Counter* find(const Outcome& outcome) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (rows_[i].outcome == outcome) return rows_[i].counter;
    }
    return nullptr;
  }

 private:
  std::array<Row, 12> rows_{};
  std::size_t count_ = 0;
};

/// Everything about one kind of event: a constant of the folder that raises it.
struct Event {
  /// A line of the log, with the id of the request and the target.
  struct Line {
    std::string_view name{};
    log::Level level = log::Level::info;
  };

  std::string_view name;                  ///< in the audit, such as "sign_in": for ever
  CountedOutcomes counted{};              ///< numbers that stand in a family of the same folder
  metrics::Counter* otherwise = nullptr;  ///< counts every other outcome
  Line line{};                            ///< without a name: none
};

/// For what commits. The audit has the entry if `tx` commits; the number and the log have it once it has.
/// `target` is a subject, a key, or nothing.
void record(db::Tx& tx, const Origin& origin, const Event& event, Outcome outcome,
            std::string_view target = {}, std::string_view detail = {});

/// The same for a refusal that must not show that there is no account: costs what one with an account does,
/// and the audit has nothing.
void record_for_nobody(db::Tx& tx, const Origin& origin, const Event& event, Outcome outcome,
                       std::string_view detail = {});

/// The same for a unit: the entry of an event that is about an account which another statement of the unit
/// makes. It must stay where it is until the unit is done.
class EntryOfUnit {
 public:
  EntryOfUnit(const Origin& origin, const Event& event, Outcome outcome, const Subject& account);
  EntryOfUnit(const EntryOfUnit&) = delete;
  EntryOfUnit& operator=(const EntryOfUnit&) = delete;

  /// Writes the entry if there is such an account. Borrows from this object.
  auto statement() const {
    return db::WithHook(store::audit::insert_entry_of(account_, entry_), Committed{this});
  }

 private:
  struct Committed {
    const EntryOfUnit* entry;
    void operator()(const db::Affected& written) const {
      if (written.rows > 0) entry->tell();
    }
  };
  void tell() const;

  const Event& event_;
  Outcome outcome_;
  Subject account_;
  store::audit::Entry entry_;
};

/// For what leaves nothing in the audit: the number and the log have it at once.
void note(const Origin& origin, const Event& event, Outcome outcome, std::string_view target = {});

/// For a refusal that a stranger can provoke, whatever it costs him: the audit keeps it while the budget for
/// such entries lasts (limits/budget.h).
void record_refusal(db::Tx& tx, Services& services, const Origin& origin, const Event& event, Outcome outcome,
                    std::string_view target, std::string_view detail = {});

/// For a refusal that is about an account and costs the client that provokes it nothing (no hash, no mail).
/// The number and the log have each at once, the audit only some (limits/repeated_refusal.h), and only these
/// write. Answers whether it has written. `event` is a constant.
Task<bool> refuse(Services& services, Origin origin, const Event& event, ErrorCode code, Subject account,
                  std::string detail = {});
/// The same where there is no account: as often it costs what keeping an entry does. `whose` is what the
/// client named.
Task<bool> refuse_nobody(Services& services, Origin origin, const Event& event, ErrorCode code,
                         std::string whose);

/// A number alone, for what a transaction does beside the event that it records.
void count_on_commit(db::Tx& tx, metrics::Counter& counter, std::int64_t times = 1);

}  // namespace latchkey::flow
