#include "flow/links/events.h"

namespace latchkey::flow::links::events {

constinit const Event codes_shut{.name = "mail_codes",
                                 .line = {.name = "mail_codes.shut", .level = log::Level::warn}};

constinit const Event code_tried{.name = "mail_code_tried"};

}  // namespace latchkey::flow::links::events
