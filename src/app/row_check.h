#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "db/side.h"
#include "db/table.h"

namespace latchkey::app {

/// A row that no program of ours has written.
struct BadRow {
  std::string table;
  std::string key;                   ///< its primary key, for people
  std::optional<std::int64_t> user;  ///< the account that it is about
  std::string why;
};

/// One line, which names no value.
std::string describe(const BadRow& row);

/// Reads every row of the tables and calls `bad` for each that has a value of the wrong type, a text that is
/// not UTF-8 or too long, a time before 1970, a role that is none, or a password hash that nobody could sign
/// in with. In pages, so that nobody waits for it. Answers how many rows it has read. Throws `Unavailable`
/// when it is asked to stop or a page can not be read.
std::int64_t read_every_row(db::Side& store, db::Tables tables, const std::function<void(const BadRow&)>& bad,
                            const std::stop_token& stop = {});

}  // namespace latchkey::app
