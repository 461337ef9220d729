#pragma once

#include <stdexcept>

#include "db/commit_hooks.h"
#include "db/connection.h"
#include "db/error.h"
#include "db/statement.h"

namespace latchkey::db {

namespace detail {

/// The account that a row is about: its first column that is read as a `UserId`.
template <class Row>
std::optional<std::int64_t> user_of(std::span<const Value> columns) {
  std::optional<std::int64_t> user;
  if constexpr (!Decodable<Row>) {
    std::size_t at = 0;
    boost::mp11::mp_for_each<MembersOf<Row>>([&](auto member) {
      using Field = std::remove_cvref_t<decltype(std::declval<Row&>().*member.pointer)>;
      const auto* number = std::get_if<std::int64_t>(&columns[at++]);
      if (std::is_same_v<Field, UserId> && number != nullptr && !user.has_value()) user = *number;
    });
  }
  return user;
}

template <class Row>
Row decode_columns(std::span<const Value> columns) {
  if constexpr (Decodable<Row>) {
    return Codec<Row>::decode(columns[0]);
  } else {
    Row row{};
    std::size_t at = 0;
    boost::mp11::mp_for_each<MembersOf<Row>>([&](auto member) {
      auto& field = row.*member.pointer;
      field = Codec<std::remove_cvref_t<decltype(field)>>::decode(columns[at++]);
    });
    return row;
  }
}

/// Throws `UnreadableRow`.
template <class Row>
Row decode_row(std::span<const Value> columns) {
  try {
    return decode_columns<Row>(columns);
  } catch (const Fault& fault) {
    throw UnreadableRow(fault.what(), user_of<Row>(columns));
  }
}

template <class Result>
class Collect final : public RowSink {
 public:
  void row(std::span<const Value> columns) override {
    using Row = typename ResultTraits<Result>::Row;
    if constexpr (std::is_same_v<Result, std::optional<Row>>) {
      if (result.has_value()) throw_bad_value("more than one row where at most one was expected");
      result.emplace(decode_row<Row>(columns));
    } else {
      result.push_back(decode_row<Row>(columns));
    }
  }
  Result result{};
};

template <class Result>
using CollectorOf = std::conditional_t<std::is_same_v<Result, Affected>, NoRows, Collect<Result>>;

template <BoundStatement Bound>
typename Bound::Result execute(Connection& connection, const Bound& statement) {
  using Result = typename Bound::Result;
  std::array<Value, Bound::parameters> values;
  statement.encode(values);
  if constexpr (std::is_same_v<Result, Affected>) {
    NoRows none;
    return Affected{connection.execute(statement.text(), values, none)};
  } else {
    Collect<Result> rows;
    connection.execute(statement.text(), values, rows);
    return std::move(rows.result);
  }
}

}  // namespace detail

/// A transaction that is running: what a work function of `Database::write` or `read` gets. It lives on the
/// thread that runs the work and ends with it.
class Tx {
 public:
  /// Without hooks it is one that nobody commits, or a part of a bigger one.
  explicit Tx(Connection& connection, CommitHooks* hooks = nullptr)
      : connection_(connection), hooks_(hooks) {}
  Tx(const Tx&) = delete;
  Tx& operator=(const Tx&) = delete;

  /// Runs one statement now. Sees what this transaction has written before.
  template <class Result, class... Params>
  Result run(const Statement<Result, Params...>& statement, const std::type_identity_t<Params>&... args) {
    return detail::execute(connection_, statement.with(args...));
  }
  template <BoundStatement Bound>
  typename Bound::Result run(const Bound& statement) {
    return detail::execute(connection_, statement);
  }

  /// The same for a statement of which nothing has to be known: saves a round trip to a database that is
  /// elsewhere. What goes wrong may be thrown by a later call, or by the commit; nothing is committed
  /// then.
  template <class... Params>
  void run_later(const Statement<Affected, Params...>& statement,
                 const std::type_identity_t<Params>&... args) {
    std::array<Value, sizeof...(Params)> values;
    statement.with(args...).encode(values);
    connection_.execute_later(statement.text(), values);
  }

  /// Once this transaction has committed, and before its caller goes on, runs `hook` on the thread of the
  /// caller. Not when it is rolled back or when nobody knows what became of it, and not for a run of the work
  /// that was lost and is followed by another. A hook must not block nor use the database. It may refer to
  /// what the caller holds; a small one (two pointers or numbers) allocates nothing. Throws std::logic_error
  /// in a read, which commits nothing.
  void on_commit(CommitHooks::Hook hook) {
    if (hooks_ == nullptr) throw std::logic_error("a hook on the commit of what does not commit");
    hooks_->add(std::move(hook));
  }

  /// For migrations only: what changes the schema at the same moment, on any node, waits until this
  /// transaction ends.
  void lock_schema() { connection_.lock_schema(); }
  /// For migrations only.
  void run_script(std::string_view sql) { connection_.execute_script(sql); }

 private:
  Connection& connection_;
  CommitHooks* hooks_;
};

/// The same for a statement of a unit: a bound statement that runs `hook`, given what came back of the
/// statement, once the unit has committed. Borrows what `bound` borrows.
template <BoundStatement Bound, std::invocable<const typename Bound::Result&> Hook>
class WithHook {
 public:
  using Result = typename Bound::Result;
  static constexpr std::size_t parameters = Bound::parameters;

  WithHook(const Bound& bound, Hook hook) : bound_(bound), hook_(std::move(hook)) {}

  const StatementText& text() const { return bound_.text(); }
  void encode(std::span<Value> room) const { bound_.encode(room); }
  void committed(const Result& result) const { hook_(result); }

 private:
  Bound bound_;
  Hook hook_;
};

}  // namespace latchkey::db
