#pragma once

#include <cstdint>
#include <string_view>

#include "mail/message.h"

namespace latchkey::flow::signin {

/// The name of the notice that tells owners of an account that their password is refused, to whom, and what
/// to do.
inline constexpr std::string_view closed_message = "password_closed";
inline constexpr std::string_view closed_variables[] = {"address", "device", "known"};

/// The same where wrong codes have closed an authenticator app.
inline constexpr std::string_view factor_closed_message = "factor_closed";

enum class ClosedTo : std::uint8_t { unknown_devices, known_device };

inline mail::Values closed_parameters(ClosedTo whom) {
  return {{"known", whom == ClosedTo::known_device ? "yes" : ""}};
}

}  // namespace latchkey::flow::signin
