#pragma once

#include <string>
#include <variant>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"

namespace latchkey::features::recovery {

/// The link of a mail, by its token.
struct ByLink {
  std::string token;
};
/// The code of a mail, from the client that asked for the mail.
struct ByCode {
  std::string handle;
  std::string code;
};
using Means = std::variant<ByLink, ByCode>;

/// The address whose password a link would set, without using the link: for the page with the form. Refuses
/// with invalid_link.
Task<Result<std::string>> find_address_of_link(flow::Services& services, flow::Origin origin,
                                               std::string token);

/// Sets a new password, which ends every session of the account and voids its older links. Of many at once
/// one succeeds. Refuses with invalid_link whatever is wrong with link or code; with validation_failed a
/// password that is too short, too long or too easy to guess, which spends neither; with overloaded when the
/// hashing queue is full. `language` is a tag for the notice to the owner, or empty.
Task<Result<>> reset_password(flow::Services& services, flow::Origin origin, Means means, Secret password,
                              std::string language);

}  // namespace latchkey::features::recovery
