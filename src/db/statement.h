#pragma once

#include <array>
#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "db/value.h"

namespace latchkey::db {

/// How many rows a write changed.
struct Affected {
  std::int64_t rows = 0;
};

/// What a driver needs to know of a statement. The address of `sql` is the key of its prepared form, so it
/// must stay valid and unchanged as long as the database: a literal.
struct StatementText {
  std::string_view sql;
  std::span<const Type> parameters;
  std::size_t columns = 0;  ///< that its rows have; 0 for a statement without rows
  bool reads = false;       ///< the text starts with SELECT
  // Which row a write locks first, as far as its text tells: so that writes which share a transaction can
  // take their locks in one order on every node.
  std::string_view table = {};  ///< that it writes to
  std::size_t key = no_key;     ///< the parameter that its WHERE compares first; of an INSERT the first

  static constexpr std::size_t no_key = static_cast<std::size_t>(-1);
};

namespace detail {

/// Throws, that is fails to compile, when the text could mean different things on the two databases.
consteval void check(std::string_view sql, std::size_t parameters, bool rows);
consteval bool starts_with_word(std::string_view sql, std::string_view word);
consteval std::string_view written_table(std::string_view sql);
consteval std::size_t key_parameter(std::string_view sql);

template <class Row>
using MembersOf =
    boost::describe::describe_members<Row, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class Row>
constexpr std::size_t column_count() {
  if constexpr (Decodable<Row>) {
    return 1;
  } else {
    return boost::mp11::mp_size<MembersOf<Row>>::value;
  }
}

/// What comes back of one statement: `optional<Row>` (none or one), `vector<Row>` (all), or `Affected`.
template <class Result>
struct ResultTraits;
template <class R>
struct ResultTraits<std::optional<R>> {
  using Row = R;
  static constexpr std::size_t columns = column_count<R>();
};
template <class R>
struct ResultTraits<std::vector<R>> {
  using Row = R;
  static constexpr std::size_t columns = column_count<R>();
};
template <>
struct ResultTraits<Affected> {
  static constexpr std::size_t columns = 0;
};

template <Encodable... Params>
inline constexpr std::array<Type, sizeof...(Params)> types_of{Codec<Params>::type...};

}  // namespace detail

/// One SQL text that both databases understand, with the types of its parameters and of what comes back.
/// Declare it once, in `store/`:
///
///   struct SessionRow { UserId user; std::int64_t generation; };
///   BOOST_DESCRIBE_STRUCT(SessionRow, (), (user, generation))          // members in the order of the
///   columns inline constexpr db::Statement<std::optional<SessionRow>, SessionId> find{
///       "SELECT user_id, generation FROM sessions WHERE id = $1"};
///
/// A text that starts with SELECT is run as a read, every other as a write.
///
/// An INSERT names first the column whose value others may be inserting at the same moment.
///
/// A row is a described struct or one type that has a `Codec`. `optional` takes none or one row, more is a
/// fault. Refused at compile time: casts (`::`), several statements, placeholders of other styles,
/// placeholders that do not first appear as $1, $2, … in order (SQLite would number them by appearance), a
/// number of placeholders that differs from the number of parameters, rows from a write without RETURNING.
template <class Result, class... Params>
class Statement {
 public:
  class Bound;

  template <std::size_t N>
  consteval Statement(const char (&literal)[N])  // NOLINT(google-explicit-constructor)
      : text_{{literal, N - 1},
              detail::types_of<Params...>,
              detail::ResultTraits<Result>::columns,
              detail::starts_with_word({literal, N - 1}, "SELECT"),
              detail::written_table({literal, N - 1}),
              detail::key_parameter({literal, N - 1})} {
    detail::check(text_.sql, sizeof...(Params), !std::is_same_v<Result, Affected>);
  }

  constexpr const StatementText& text() const { return text_; }
  constexpr bool reads() const { return text_.reads; }
  /// The statement with its arguments, for `Database::run_together`. It borrows both.
  Bound with(const Params&... args) const { return Bound(*this, args...); }

 private:
  StatementText text_;
};

template <class R, class... Params>
class Statement<R, Params...>::Bound {
 public:
  using Result = R;
  static constexpr std::size_t parameters = sizeof...(Params);

  Bound(const Statement& statement, const Params&... args) : statement_(statement), args_(args...) {}

  const StatementText& text() const { return statement_.text(); }
  /// The values for `text().parameters`, borrowed from the arguments.
  void encode(std::span<Value> room) const {
    std::size_t at = 0;
    std::apply([&](const Params&... args) { ((room[at++] = Codec<Params>::encode(args)), ...); }, args_);
  }

 private:
  const Statement& statement_;
  std::tuple<const Params&...> args_;
};

/// What `Statement::with` gives.
template <class T>
concept BoundStatement = requires(const T& bound) {
  typename T::Result;
  { bound.text() } -> std::same_as<const StatementText&>;
};

namespace detail {

consteval bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
consteval bool is_digit(char c) { return c >= '0' && c <= '9'; }
consteval char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

consteval bool starts_with_word(std::string_view sql, std::string_view word) {
  std::size_t at = 0;
  while (at < sql.size() && (sql[at] == ' ' || sql[at] == '\n')) ++at;
  sql.remove_prefix(at);
  if (sql.size() <= word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (upper(sql[i]) != word[i]) return false;
  }
  return !is_letter(sql[word.size()]) && !is_digit(sql[word.size()]);
}

consteval std::string_view written_table(std::string_view sql) {
  for (const std::string_view before : {"UPDATE ", "DELETE FROM ", "INSERT INTO "}) {
    if (!sql.starts_with(before)) continue;
    sql.remove_prefix(before.size());
    return sql.substr(0, sql.find(' '));
  }
  return {};
}

consteval std::size_t key_parameter(std::string_view sql) {
  if (starts_with_word(sql, "INSERT")) return 0;
  const std::size_t where = sql.find(" WHERE ");
  const std::size_t at = where == std::string_view::npos ? where : sql.find("= $", where);
  if (at == std::string_view::npos) return StatementText::no_key;
  std::size_t number = 0;
  for (std::size_t i = at + 3; i < sql.size() && is_digit(sql[i]); ++i) {
    number = number * 10 + static_cast<std::size_t>(sql[i] - '0');
  }
  return number - 1;
}

consteval void check(std::string_view sql, std::size_t parameters, bool rows) {
  const bool reads = starts_with_word(sql, "SELECT");
  if (!reads && !starts_with_word(sql, "INSERT") && !starts_with_word(sql, "UPDATE") &&
      !starts_with_word(sql, "DELETE") && !starts_with_word(sql, "WITH")) {
    throw "a statement starts with SELECT, INSERT, UPDATE, DELETE or WITH";
  }
  if (reads && !rows) throw "a SELECT gives rows, not Affected";
  std::size_t seen = 0;
  bool returns = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    const char next = i + 1 < sql.size() ? sql[i + 1] : '\0';
    if (c == '\'' || c == '"') {
      const std::size_t end = sql.find(c, i + 1);
      if (end == std::string_view::npos) throw "a quote is not closed";
      i = end;
    } else if ((c == '-' && next == '-') || (c == '/' && next == '*')) {
      throw "put comments beside the statement, not into it";
    } else if (c == ';') {
      throw "one statement only, without a semicolon";
    } else if (c == ':' || c == '?' || c == '@') {
      throw "no casts (::), and no placeholders but $1, $2, …";
    } else if (c == '$') {
      if (!is_digit(next) || next == '0') throw "placeholders are $1, $2, …";
      std::size_t number = 0;
      while (i + 1 < sql.size() && is_digit(sql[i + 1]))
        number = number * 10 + static_cast<std::size_t>(sql[++i] - '0');
      if (number > seen + 1) throw "placeholders must first appear as $1, $2, … in order";
      if (number == seen + 1) ++seen;
    } else if (is_letter(c)) {
      if (starts_with_word(sql.substr(i), "RETURNING")) returns = true;
      while (i + 1 < sql.size() && (is_letter(sql[i + 1]) || is_digit(sql[i + 1]))) ++i;
    }
  }
  if (seen != parameters) throw "the number of placeholders differs from the number of parameters";
  if (rows && !reads && !returns && !starts_with_word(sql, "WITH")) throw "rows from a write need RETURNING";
  if (!rows && returns) throw "RETURNING gives rows, not Affected";
}

}  // namespace detail
}  // namespace latchkey::db
