#include "store/users.h"

namespace latchkey::store::users {
namespace {

constexpr db::Statement<std::optional<UserId>, Subject, std::string, std::string, std::string,
                        std::optional<std::string>, std::string, Role, bool, Timestamp>
    insert{
        "INSERT INTO users (subject, email, email_key, username, username_key, password_hash, role, "
        "confirmed, "
        "is_active, failed_sign_ins, locked_until, mailed_at, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, 0, 0, $9, $9, $9) "
        "ON CONFLICT DO NOTHING RETURNING id"};

}  // namespace

std::optional<UserId> insert_user(db::Tx& tx, const NewUser& user) {
  return tx.run(insert, user.subject, user.email, user.email_key, user.username, user.username_key,
                user.password_hash, user.role, user.confirmed, user.now);
}

}  // namespace latchkey::store::users
