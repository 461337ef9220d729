#pragma once

#include <filesystem>

/// What commands that open the store themselves look at before they touch anything.
namespace latchkey::app::cli {

/// Whether the directory holds the embedded database.
bool has_store(const std::filesystem::path& data_dir);

/// Makes it with mode 0700 unless it is there. Throws StartRefused.
void make_data_directory(const std::filesystem::path& data_dir);

/// Files that root made would lock out the user that the server runs as. Throws StartRefused when the
/// directory belongs to somebody else.
void refuse_foreign_owner(const std::filesystem::path& data_dir);

}  // namespace latchkey::app::cli
