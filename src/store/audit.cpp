#include "store/audit.h"

namespace latchkey::store::audit {
namespace {

constexpr db::Statement<db::Affected, Timestamp, std::string, std::string, std::string, std::string,
                        std::string, std::string, std::string>
    insert{
        "INSERT INTO audit (at, event, result, actor, target, address, request_id, detail) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};

}  // namespace

void insert_entry(db::Tx& tx, const Entry& entry) {
  tx.run_later(insert, entry.at, entry.event, entry.result, entry.actor, entry.target, entry.address,
               entry.request_id, entry.detail);
}

}  // namespace latchkey::store::audit
