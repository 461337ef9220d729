#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

#include "app/cli/descriptor.h"

namespace latchkey::app::cli {

/// The socket of a data directory, however long its path is: one that does not fit into an address is reached
/// through /proc/self/fd.

/// Binds and listens, mode 0600. Replaces a socket that is there: only the process that holds the lock on the
/// directory may call this. Throws std::system_error, also when something that is no socket has the name.
Descriptor listen_control_socket(const std::filesystem::path& data_dir);
/// Removes the name.
void remove_control_socket(const std::filesystem::path& data_dir);

/// Nothing when nobody listens: there is no socket, or the process that made it is gone. Throws
/// std::system_error when it can not be used, or has no place for us until the deadline.
std::optional<Descriptor> connect_control_socket(const std::filesystem::path& data_dir,
                                                 std::chrono::steady_clock::time_point deadline);

/// Whether the process at the other end runs as this user or as root.
bool is_trusted_peer(const Descriptor& connection);

}  // namespace latchkey::app::cli
