#include "store/tables.h"

namespace latchkey::store {
namespace {

using db::Column;
using db::Table;
using db::Type;

constexpr Column user_columns[] = {
    {"id", Type::integer},
    {"subject", Type::bytes},
    {"email", Type::text},
    {"email_key", Type::text},
    {"username", Type::text},
    {"username_key", Type::text},
    {"password_hash", Type::text},
    {"role", Type::text},
    {"confirmed", Type::boolean},
    {"is_active", Type::boolean},
    {"avatar", Type::text},
    {"failed_sign_ins", Type::integer},
    {"locked_until", Type::integer},
    {"mailed_at", Type::integer},
    {"created_at", Type::integer},
    {"updated_at", Type::integer},
    {"security_version", Type::integer},
    {"link_mailed_at", Type::integer},
    {"failed_codes", Type::integer},
    {"password_closed_at", Type::integer},
    {"must_change_password", Type::boolean},
    {"language", Type::text},
    {"last_sign_in_at", Type::integer},
    {"failed_factors", Type::integer},
    {"factors_locked_until", Type::integer},
    {"email_unproved", Type::boolean},
    {"failed_known_codes", Type::integer},
};
constexpr Column session_columns[] = {
    {"id", Type::bytes},
    {"user_id", Type::integer},
    {"generation", Type::integer},
    {"rotated_at", Type::integer},
    {"idle_expires_at", Type::integer},
    {"expires_at", Type::integer},
    {"created_at", Type::integer},
    {"address", Type::text},
    {"user_agent", Type::text},
    {"authenticated_at", Type::integer},
    {"methods", Type::integer},
    {"is_browser", Type::boolean},
};
constexpr Column outbox_columns[] = {
    {"id", Type::bytes},           {"user_id", Type::integer},     {"message", Type::text},
    {"created_at", Type::integer}, {"next_try_at", Type::integer}, {"tries", Type::integer},
    {"put_aside", Type::boolean},  {"last_error", Type::text},
};
constexpr Column mail_code_columns[] = {
    {"id", Type::bytes},           {"user_id", Type::integer},
    {"purpose", Type::text},       {"version", Type::integer},
    {"detail", Type::text},        {"tries", Type::integer},
    {"expires_at", Type::integer}, {"asked_from", Type::bytes},
    {"is_known", Type::boolean},   {"other_tries", Type::integer},
};
constexpr Column device_columns[] = {
    {"id", Type::bytes},
    {"user_id", Type::integer},
    {"first_seen_at", Type::integer},
    {"last_seen_at", Type::integer},
    {"failed_sign_ins", Type::integer},
    {"locked_until", Type::integer},
    {"closed_at", Type::integer},
};
constexpr Column totp_columns[] = {
    {"id", Type::bytes},          {"user_id", Type::integer},    {"sealed_secret", Type::bytes},
    {"last_step", Type::integer}, {"created_at", Type::integer}, {"last_used_at", Type::integer},
};
constexpr Column recovery_code_columns[] = {
    {"id", Type::bytes}, {"user_id", Type::integer}, {"created_at", Type::integer}};
constexpr Column passkey_columns[] = {
    {"id", Type::bytes},
    {"user_id", Type::integer},
    {"public_key", Type::bytes},
    {"sign_count", Type::integer},
    {"aaguid", Type::bytes},
    {"transports", Type::text},
    {"name", Type::text},
    {"rp_id", Type::text},
    {"is_user_verifying", Type::boolean},
    {"is_backup_eligible", Type::boolean},
    {"is_backed_up", Type::boolean},
    {"created_at", Type::integer},
    {"last_used_at", Type::integer},
};
constexpr Column scheduled_columns[] = {
    {"id", Type::bytes},    {"user_id", Type::integer}, {"kind", Type::text},
    {"detail", Type::text}, {"made_at", Type::integer}, {"due_at", Type::integer},
};
constexpr Column spent_columns[] = {{"id", Type::bytes}, {"expires_at", Type::integer}};
constexpr Column mail_columns[] = {
    {"id", Type::bytes},       {"user_id", Type::integer},    {"message", Type::text},
    {"recipient", Type::text}, {"locale", Type::text},        {"parameters", Type::text},
    {"link", Type::text},      {"created_at", Type::integer}, {"next_try_at", Type::integer},
    {"tries", Type::integer},  {"put_aside", Type::boolean},  {"last_error", Type::text},
};
constexpr Column signing_key_columns[] = {
    {"kid", Type::text},           {"sequence", Type::integer},
    {"public_key", Type::bytes},   {"sealed_private_key", Type::bytes},
    {"created_at", Type::integer}, {"activates_at", Type::integer},
};
constexpr Column audit_columns[] = {
    {"id", Type::integer},   {"at", Type::integer},      {"event", Type::text},
    {"result", Type::text},  {"actor", Type::text},      {"target", Type::text},
    {"address", Type::text}, {"request_id", Type::text}, {"detail", Type::text},
};
constexpr Column state_columns[] = {{"name", Type::text}, {"value", Type::integer}};

constexpr Table content[] = {
    {.name = "users", .columns = user_columns, .ids = Table::Ids::given},
    {.name = "sessions", .columns = session_columns, .parent = "users"},
    {.name = "outbox", .columns = outbox_columns, .parent = "users"},
    {.name = "mail_codes", .columns = mail_code_columns, .parent = "users"},
    {.name = "devices", .columns = device_columns, .parent = "users"},
    {.name = "totp", .columns = totp_columns, .parent = "users"},
    {.name = "recovery_codes", .columns = recovery_code_columns, .parent = "users"},
    {.name = "passkeys", .columns = passkey_columns, .parent = "users"},
    {.name = "scheduled", .columns = scheduled_columns, .parent = "users"},
    {.name = "spent", .columns = spent_columns},
    {.name = "mails", .columns = mail_columns},
    {.name = "signing_keys", .columns = signing_key_columns},
    {.name = "audit", .columns = audit_columns, .ids = Table::Ids::given},
    {.name = "state", .columns = state_columns, .rows = Table::Rows::seeded},
};
}  // namespace

db::Tables tables() { return content; }

}  // namespace latchkey::store
