#pragma once

#include "settings/load.h"

namespace latchkey::app {

/// `latchkey serve`: runs until SIGTERM or SIGINT, then stops accepting, finishes what is in flight within
/// ten seconds and returns 0. A second signal cuts short. Prints `listening on http://ADDRESS:PORT` on
/// standard output once it accepts connections. Throws StartRefused.
int serve(const settings::Loaded& loaded);

}  // namespace latchkey::app
