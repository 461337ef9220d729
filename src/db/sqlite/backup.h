#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace latchkey::db::sqlite {

/// `db::backup` and `db::check_integrity` for a file that this process may have open. They use connections of
/// their own.
void backup_sqlite(const std::filesystem::path& from, const std::filesystem::path& to, std::stop_token stop);
std::vector<std::string> check_sqlite_integrity(const std::filesystem::path& file, std::stop_token stop);

}  // namespace latchkey::db::sqlite
