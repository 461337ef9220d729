#pragma once

#include <cstdint>

#include "db/driver.h"
#include "db/sqlite/handle.h"

namespace latchkey::db::sqlite {

/// On a new file, before anything is written to it: pages that hold nothing can be given back later.
void prepare_giving_back(sqlite3* db);

/// A write that gives up to so many of the pages at the end of the file back that hold nothing, as long as
/// they are more than a share of the file which is kept for what is written next. Does nothing to a file that
/// was not prepared. A page costs the writing of two or three.
class GiveBackJob final : public Job {
 public:
  explicit GiveBackJob(std::int64_t most_pages) : Job(Kind::transaction), most_(most_pages) {}
  void execute(Connection& connection) override;
  const GivenBack& result() const { return result_; }

 private:
  const std::int64_t most_;
  GivenBack result_;
};

}  // namespace latchkey::db::sqlite
