#include "store/users.h"

namespace latchkey::store::users {
namespace {

constexpr InsertUser insert{
    "INSERT INTO users (email_key, subject, email, username, username_key, password_hash, role, confirmed, "
    "is_active, failed_sign_ins, locked_until, mailed_at, created_at, updated_at, email_unproved) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, 0, 0, $9, $9, $9, $10) "
    "ON CONFLICT DO NOTHING RETURNING id"};

constexpr db::Statement<std::optional<UserId>, std::string, Subject, std::string, std::string,
                        std::optional<std::string>, std::string, Role, bool, Timestamp, bool, UserId>
    insert_with_id{
        "INSERT INTO users (email_key, subject, email, username, username_key, password_hash, role, "
        "confirmed, "
        "is_active, failed_sign_ins, locked_until, mailed_at, created_at, updated_at, email_unproved, id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, 0, 0, $9, $9, $9, $10, $11) "
        "ON CONFLICT DO NOTHING RETURNING id"};

}  // namespace

InsertUser::Bound insert_user(const NewUser& user) {
  return insert.with(user.email_key, user.subject, user.email, user.username, user.username_key,
                     user.password_hash, user.role, user.confirmed, user.now, user.is_unproved);
}

std::optional<UserId> insert_user(db::Tx& tx, const NewUser& user) {
  if (!user.id.has_value()) return tx.run(insert_user(user));
  return tx.run(insert_with_id, user.email_key, user.subject, user.email, user.username, user.username_key,
                user.password_hash, user.role, user.confirmed, user.now, user.is_unproved, *user.id);
}

}  // namespace latchkey::store::users
