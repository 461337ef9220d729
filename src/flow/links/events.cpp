#include "flow/links/events.h"

namespace latchkey::flow::links::events {

constinit const Event codes_shut{.name = "mail_codes",
                                 .line = {.name = "mail_codes.shut", .level = log::Level::warn}};

}  // namespace latchkey::flow::links::events
