#pragma once

#include <filesystem>

/// The data directory and the embedded database in it, before anything is opened. All of it blocks.
namespace latchkey::app {

/// Whether the directory holds the embedded database.
bool has_store(const std::filesystem::path& data_dir);

/// Throws StartRefused when the name is that of something else, a file for example, or of a link that leads
/// nowhere.
void refuse_no_directory(const std::filesystem::path& data_dir);

/// Makes it with mode 0700 unless it is there. What others could read or change in it is taken back, and what
/// belongs to somebody else is refused (security case K02). Throws StartRefused.
void make_data_directory(const std::filesystem::path& data_dir);

/// Files that root made would lock out the user that the server runs as. Throws StartRefused when the
/// directory belongs to somebody else, with what to put in front of the command.
void refuse_foreign_owner(const std::filesystem::path& data_dir);

/// A database that is empty or gone is made anew where there never was one, a first start that was killed
/// included; where one was, it was lost, and a new one would hide that. Throws StartRefused with how to bring
/// a backup back.
void refuse_lost_store(const std::filesystem::path& data_dir);

/// Notes that the directory holds a database with our tables: the file `store_made`, on the disk when this
/// returns. Call it once they are there.
void note_store_made(const std::filesystem::path& data_dir);

}  // namespace latchkey::app
