#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flow/origin.h"
#include "mail/queue.h"
#include "store/users.h"

namespace latchkey::flow::signin {

/// The name of the notice that tells owners of an account that their password is refused, to whom, and what
/// to do.
inline constexpr std::string_view closed_message = "password_closed";
inline constexpr std::string_view closed_variables[] = {"address", "known"};

enum class ClosedTo : std::uint8_t { unknown_devices, known_device };

inline mail::New closed_mail(const store::users::Contact& owner, ClosedTo whom, const Origin& last) {
  return {.message = std::string(closed_message),
          .user = owner.id,
          .recipient = owner.email,
          .parameters = {{"address", last.address}, {"known", whom == ClosedTo::known_device ? "yes" : ""}},
          .now = last.now};
}

}  // namespace latchkey::flow::signin
