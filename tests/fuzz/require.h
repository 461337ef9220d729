#pragma once

#include <cstdlib>

/// Ends the program where a fuzz target finds a promise broken; libFuzzer keeps the input.
inline void require(bool truth) {
  if (!truth) std::abort();
}
