#include "db/side.h"
#include "db/error.h"

namespace latchkey::db {
namespace {

class WorkOnConnection final : public Job {
 public:
  explicit WorkOnConnection(const Side::Work& work) : Job(Kind::transaction), work_(work) {}
  void execute(Connection& connection) override { work_(connection); }

 private:
  const Side::Work& work_;
};

class OpenSide final : public Side {
 public:
  OpenSide(Database& database, Dialect dialect) : database_(database), dialect_(dialect) {}

  Dialect dialect() const override { return dialect_; }
  void read(const Work& work) override {
    WorkOnConnection job(work);
    database_.driver().read_now(job);
  }
  void write(const Work& work) override {
    WorkOnConnection job(work);
    database_.driver().write_now(job);
  }
  std::vector<std::int64_t> run_each(Connection& connection, const StatementText& statement,
                                     std::span<const Row> parameters, const TakeRow& take) override {
    std::vector<std::int64_t> changed;
    RowsAt sink(take);
    std::vector<Value> values;
    for (const Row& row : parameters) {
      values.clear();
      for (const Cell& cell : row) values.push_back(borrow(cell));
      changed.push_back(connection.execute(statement, values, sink));
      ++sink.at;
    }
    return changed;
  }

 private:
  Database& database_;
  Dialect dialect_;
};

}  // namespace

std::unique_ptr<Side> make_side(Database& database, Dialect dialect) {
  return std::make_unique<OpenSide>(database, dialect);
}

Value borrow(const Cell& cell) {
  if (const auto* truth = std::get_if<bool>(&cell)) return *truth;
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
  if (const auto* text = std::get_if<std::string>(&cell)) return std::string_view{*text};
  if (const auto* bytes = std::get_if<Bytes>(&cell)) return ByteView{*bytes};
  return {};
}

Cell keep(const Value& value, Type type) {
  if (std::holds_alternative<std::monostate>(value)) return {};
  switch (type) {
    case Type::boolean:
      return boolean_of(value);
    case Type::integer:
      return integer_of(value);
    case Type::text:
      return std::string(text_of(value));
    case Type::bytes: {
      const ByteView bytes = bytes_of(value);
      return Bytes(bytes.begin(), bytes.end());
    }
  }
  throw Fault("a column of an unknown type");
}

}  // namespace latchkey::db
