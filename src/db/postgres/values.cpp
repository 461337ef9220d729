#include "db/postgres/values.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "db/error.h"

namespace latchkey::db::postgres {
namespace {

// From the server's pg_type.dat; they never change.
constexpr Oid oid_bool = 16;
constexpr Oid oid_bytea = 17;
constexpr Oid oid_name = 19;
constexpr Oid oid_int8 = 20;
constexpr Oid oid_int2 = 21;
constexpr Oid oid_int4 = 23;
constexpr Oid oid_text = 25;
constexpr Oid oid_varchar = 1043;

constexpr std::size_t max_columns = 32;
constexpr int binary = 1;

Oid oid_of(Type type) {
  switch (type) {
    case Type::boolean:
      return oid_bool;
    case Type::integer:
      return oid_int8;
    case Type::text:
      return oid_text;
    case Type::bytes:
      return oid_bytea;
  }
  throw Fault("a parameter of an unknown type");
}

/// Two's complement in network order, of two, four or eight bytes.
std::int64_t read_integer(const char* bytes, int size) {
  std::uint64_t number = 0;
  for (int i = 0; i < size; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  const int unused = 64 - 8 * size;
  return static_cast<std::int64_t>(number << unused) >> unused;
}

Value read_column(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) == 1) return {};
  const char* bytes = PQgetvalue(result, row, column);
  const int size = PQgetlength(result, row, column);
  switch (PQftype(result, column)) {
    case oid_bool:
      return bytes[0] != 0;
    case oid_int2:
    case oid_int4:
    case oid_int8:
      return read_integer(bytes, size);
    case oid_text:
    case oid_varchar:
    case oid_name:
      return std::string_view{bytes, static_cast<std::size_t>(size)};
    case oid_bytea:
      return ByteView{reinterpret_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size)};
    default:
      throw Fault("a column has the type with the number " + std::to_string(PQftype(result, column)) +
                  ", which is none of BOOLEAN, BIGINT, TEXT and BYTEA");
  }
}

}  // namespace

PostgresTypes::PostgresTypes(std::span<const Type> types) : size_(static_cast<int>(types.size())) {
  if (types.size() > max_postgres_parameters) throw Fault("a statement has too many parameters");
  std::ranges::transform(types, oids_.begin(), oid_of);
}

PostgresParameters::PostgresParameters(std::span<const Value> values)
    : size_(static_cast<int>(values.size())) {
  if (values.size() > max_postgres_parameters) throw Fault("a statement has too many parameters");
  for (std::size_t i = 0; i < values.size(); ++i) put(i, values[i]);
}

void PostgresParameters::put(std::size_t at, const Value& value) {
  formats_[at] = binary;
  if (const auto* truth = std::get_if<bool>(&value)) {
    scratch_[at][0] = *truth ? 1 : 0;
    values_[at] = scratch_[at].data();
    lengths_[at] = 1;
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    auto bits = static_cast<std::uint64_t>(*number);
    for (std::size_t i = 8; i-- > 0; bits >>= 8) scratch_[at][i] = static_cast<char>(bits & 0xff);
    values_[at] = scratch_[at].data();
    lengths_[at] = 8;
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    values_[at] = text->data() == nullptr ? "" : text->data();
    lengths_[at] = static_cast<int>(text->size());
  } else if (const auto* bytes = std::get_if<ByteView>(&value)) {
    values_[at] = bytes->empty() ? "" : reinterpret_cast<const char*>(bytes->data());
    lengths_[at] = static_cast<int>(bytes->size());
  }  // else NULL, as it is
}

std::int64_t read_rows(const PGresult* result, const StatementText& text, RowSink& sink) {
  const int columns = PQnfields(result);
  if (static_cast<std::size_t>(columns) != text.columns || text.columns > max_columns) {
    throw Fault("a statement has " + std::to_string(columns) + " columns and a row of " +
                std::to_string(text.columns) + " members: " + std::string(text.sql));
  }
  std::array<Value, max_columns> row;
  for (int i = 0; i < PQntuples(result); ++i) {
    for (int column = 0; column < columns; ++column) {
      row[static_cast<std::size_t>(column)] = read_column(result, i, column);
    }
    sink.row(std::span<const Value>{row}.first(text.columns));
  }
  std::int64_t changed = 0;
  if (!text.reads) {
    // Empty for what changes no rows.
    const std::string_view count = PQcmdTuples(const_cast<PGresult*>(result));
    std::from_chars(count.data(), count.data() + count.size(), changed);
  }
  return changed;
}

bool comes_before(const Value& a, const Value& b) {
  if (a.index() != b.index()) return a.index() < b.index();
  if (const auto* number = std::get_if<std::int64_t>(&a)) return *number < std::get<std::int64_t>(b);
  if (const auto* text = std::get_if<std::string_view>(&a)) return *text < std::get<std::string_view>(b);
  if (const auto* bytes = std::get_if<ByteView>(&a))
    return std::ranges::lexicographical_compare(*bytes, std::get<ByteView>(b));
  if (const auto* truth = std::get_if<bool>(&a)) return *truth < std::get<bool>(b);
  return false;
}

}  // namespace latchkey::db::postgres
