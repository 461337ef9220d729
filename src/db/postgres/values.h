#pragma once

#include <libpq-fe.h>

#include <array>
#include <cstdint>
#include <span>

#include "db/connection.h"

namespace latchkey::db::postgres {

inline constexpr std::size_t max_postgres_parameters = 32;

/// The PostgreSQL types of a statement's parameters, so that no text needs a cast.
class PostgresTypes {
 public:
  explicit PostgresTypes(std::span<const Type> types);
  const Oid* data() const { return oids_.data(); }
  int size() const { return size_; }

 private:
  std::array<Oid, max_postgres_parameters> oids_{};
  int size_ = 0;
};

/// Values as libpq takes them, in the binary format; text and bytes are borrowed from them.
class PostgresParameters {
 public:
  explicit PostgresParameters(std::span<const Value> values);
  PostgresParameters(const PostgresParameters&) = delete;
  PostgresParameters& operator=(const PostgresParameters&) = delete;

  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  int size() const { return size_; }

 private:
  void put(std::size_t at, const Value& value);

  std::array<const char*, max_postgres_parameters> values_{};
  std::array<int, max_postgres_parameters> lengths_{};
  std::array<int, max_postgres_parameters> formats_{};
  std::array<std::array<char, 8>, max_postgres_parameters> scratch_;
  int size_ = 0;
};

/// Hands the rows of a result in the binary format to `sink`. Answers how many rows a write changed. Throws
/// `Fault` when the columns are not those of the statement.
std::int64_t read_rows(const PGresult* result, const StatementText& text, RowSink& sink);

/// An order of values that is the same in every process.
bool comes_before(const Value& a, const Value& b);

}  // namespace latchkey::db::postgres
