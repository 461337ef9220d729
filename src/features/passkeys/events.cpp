#include "features/passkeys/events.h"

namespace latchkey::features::passkeys::events {

constinit const flow::Event passkey_refused{.name = "passkey_refused"};
constinit const flow::Event passkey_renamed{.name = "passkey_renamed"};

}  // namespace latchkey::features::passkeys::events
