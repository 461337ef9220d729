#include "features/factor_removal/events.h"

namespace latchkey::features::factor_removal::events {

constinit const flow::Event removal_asked{
    .name = "factor_removal_asked", .line = {.name = "factor_removal.asked", .level = log::Level::warn}};
constinit const flow::Event removal_stopped{.name = "factor_removal_stopped"};

}  // namespace latchkey::features::factor_removal::events
