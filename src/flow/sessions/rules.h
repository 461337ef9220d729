#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "crypto/jose/refresh_token.h"
#include "store/sessions.h"

namespace latchkey::flow::sessions {

/// What a refresh token that is authentic asks for, given the session's row.
enum class RefreshVerdict : std::uint8_t {
  rotate,  ///< the current generation: move on
  repeat,  ///< one late inside the grace: the same successor again, nothing written
  end,     ///< late, older, ahead, or of another line: somebody else holds this session too; it ends
  dead,    ///< there is no live session
};

/// The rule of the contract's "Refresh token", a pure function of state, token and moment. A clock that
/// stepped back counts as no time elapsed.
RefreshVerdict decide_refresh(const std::optional<store::sessions::Line>& line,
                              const crypto::jose::RefreshClaims& token, Timestamp now, Microseconds grace);

/// Inside both limits, and its user unblocked.
bool is_alive(const store::sessions::Line& line, Timestamp now);

}  // namespace latchkey::flow::sessions
