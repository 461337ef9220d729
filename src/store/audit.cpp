#include "store/audit.h"

namespace latchkey::store::audit {
namespace {

constexpr db::Statement<db::Affected, Timestamp, std::string, std::string, std::string, std::string,
                        std::string, std::string, std::string>
    insert{
        "INSERT INTO audit (at, event, result, actor, target, address, request_id, detail) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};

/// By its target, too: a client may choose the request id, and others may come in the same moment.
constexpr db::Statement<db::Affected, Timestamp, std::string, std::string, std::string> remove{
    "DELETE FROM audit WHERE at = $1 AND request_id = $2 AND event = $3 AND target = $4"};

constexpr InsertEntryOfSubject insert_of_subject{
    "INSERT INTO audit (at, event, result, actor, target, address, request_id, detail) "
    "SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM users WHERE subject = $9"};

}  // namespace

void insert_entry(db::Tx& tx, const Entry& entry) {
  tx.run_later(insert, entry.at, entry.event, entry.result, entry.actor, entry.target, entry.address,
               entry.request_id, entry.detail);
}

void remove_entry(db::Tx& tx, const Entry& entry) {
  tx.run_later(remove, entry.at, entry.request_id, entry.event, entry.target);
}

InsertEntryOfSubject::Bound insert_entry_of(const Subject& account, const Entry& entry) {
  return insert_of_subject.with(entry.at, entry.event, entry.result, entry.actor, entry.target, entry.address,
                                entry.request_id, entry.detail, account);
}

}  // namespace latchkey::store::audit
