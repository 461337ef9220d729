#pragma once

#include <sys/types.h>

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

/// Who runs the process at the other end; of a client's connection, the one that listens. Nothing when the
/// kernel does not say.
std::optional<uid_t> find_peer(const Descriptor& connection);
/// Whether a server listens to this client: one of its own user, or of root.
bool is_trusted_client(uid_t peer);
/// Whether a client says anything to this server, which may be a password: one of the client's own user, of
/// root, or of the owner of the data directory, who has the store anyway.
bool is_trusted_server(uid_t peer, const std::filesystem::path& data_dir);

}  // namespace latchkey::app::cli
