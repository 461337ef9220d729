#pragma once

#include <functional>
#include <memory>

#include "app/core.h"
#include "settings/load.h"

namespace latchkey::app::cli {

/// What only the one who runs the server can do.
struct Hooks {
  /// Ends the server in peace, closes the store, calls `after_close` with the data directory free, and
  /// executes the program anew. Returns at once and may be called on any thread, at most once with effect;
  /// `after_close` does not throw. A server that a signal ends first destroys `after_close` without
  /// calling it.
  std::function<void(std::function<void()> after_close)> restart_with;
};

/// Answers the commands of operators (`latchkey user block …`) inside the server that has the store open,
/// over the Unix socket `control.sock` of the data directory. Only processes of this user or of root are
/// listened to. Each client is served on a thread of its own, a few at a time; one that says nothing loses
/// its place to one that waits for it. Whatever a client does, the server lives on.
///
/// Made after the store is open, since the lock on the data directory is the right to replace the socket that
/// a killed server left, and before the server says that it listens.
class ControlServer {
 public:
  /// Binds the socket (0600); clients that come wait until `start`. Everything referred to must outlive it.
  /// Throws StartRefused.
  ControlServer(Core& core, const settings::Loaded& loaded, Hooks hooks);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Begins to answer. Once.
  void start();
  /// Removes the socket, breaks off clients that only wait or read, lets a command that is at work finish (a
  /// backup may take its time), and joins. Any thread; more than once does no harm. A client that waits for
  /// `restart_with` stays connected.
  void stop();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace latchkey::app::cli
