#pragma once

#include <cstddef>

#include "settings/settings.h"

namespace latchkey::app {

/// How the file descriptors that the process may open are shared out.
struct Descriptors {
  std::size_t limit;     ///< of the process
  std::size_t reserved;  ///< kept from clients: for the database, mail, commands and the log
};

/// Raises the soft limit of the process to the hard one: the soft one is low for programs that use `select`,
/// which this is not. Throws StartRefused where even the hard limit is too low for so many threads, their
/// ways to the database and a few clients: such a server would accept nobody. Call it before anything is
/// opened.
Descriptors share_out_descriptors(const Settings& settings, std::size_t threads);

}  // namespace latchkey::app
