#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "db/side.h"
#include "move/marks.h"
#include "move/tables.h"

namespace latchkey::move {

/// The move can not be made, or has failed. The text is for the operator and says what to do.
class MoveRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Sees what a move does. What it throws ends the move, up to the moment when the source is left.
class MoveObserver {
 public:
  enum class Phase : std::uint8_t { copy, check, follow };
  struct Progress {
    Phase phase;
    std::string_view table;
    std::int64_t done = 0;
    std::int64_t total = 0;  ///< a guess, while the source is written to
  };
  virtual ~MoveObserver() = default;
  /// Often.
  virtual void progress(const Progress& progress) = 0;
  /// Several times a second while the target is waited for.
  virtual void wait() = 0;
  /// Whether this process is about to end. Nothing is waited for any more then, whatever is left to do.
  virtual bool is_ending() const = 0;
  virtual void tell(std::string_view sentence) = 0;
};

/// What a table came to.
struct MovedTable {
  std::string_view name;
  std::int64_t rows = 0;
  std::string checksum;  ///< SHA-256 over all rows that were compared, in the order of their keys
};

/// One of the two stores, with the statements that its kind of database takes.
struct Party {
  db::Side& side;
  tables::StatementsOfAll statements;

  const tables::Statements& of(std::size_t table) const { return *statements[table]; }
};

/// Brings the rows of one store into another, batch by batch, and compares them. The source, whose log has
/// begun (move/marks.h), may be written to meanwhile. Throws MoveRefused when the two do not agree.
class MoveCopy {
 public:
  /// `content` are the tables, parents before their children; it must outlive the copy.
  MoveCopy(db::Side& source, db::Side& target, db::Tables content, MoveObserver& observer);

  /// Every table, in pages by its key. Rows that do not fit yet (their user came later) are left to the log.
  void copy_all();
  /// Brings over what has changed meanwhile, until little is left, and compares it. A store that changes
  /// faster than this can follow is left to the last part.
  void follow();
  /// The same to the last row; writes are held.
  void follow_to_the_end();
  /// Compares every row of every table. One that differs must stand in the log.
  void compare_all();
  /// Compares the numbers of rows; writes are held.
  void compare_counts();
  /// New ids come behind those of the source, also behind those of rows that are gone.
  void carry_last_ids();

  const std::vector<MovedTable>& tables() const { return tables_; }

 private:
  struct Changed;
  enum class Writes : std::uint8_t { go_on, are_held };

  std::int64_t count(const Party& party, std::size_t table) const;
  void copy_table(std::size_t table);
  void compare_table(std::size_t table);
  void explain(std::size_t table, const std::map<db::Cell, const db::Row*>& source,
               const std::map<db::Cell, const db::Row*>& target);
  void follow_some(Writes writes);
  /// Up to as many of each table, with their rows as they are now.
  std::vector<Changed> take_changed(std::size_t limit);
  void write_changed(const std::vector<Changed>& changed, Writes writes);
  void compare_changed(const std::vector<Changed>& changed);
  void put_back(const std::vector<Changed>& changed);

  Party source_;
  Party target_;
  marks::Log log_;
  MoveObserver& observer_;
  std::vector<MovedTable> tables_;
};

}  // namespace latchkey::move
