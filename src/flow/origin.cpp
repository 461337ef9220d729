#include "flow/origin.h"

namespace latchkey::flow {

store::audit::Entry audit_entry(const Origin& origin, std::string_view event, std::string_view result,
                                std::string_view target, std::string_view detail) {
  return {.at = origin.now,
          .event = std::string(event),
          .result = std::string(result),
          .actor = origin.actor,
          .target = std::string(target),
          .address = origin.address,
          .request_id = origin.request_id,
          .detail = std::string(detail)};
}

}  // namespace latchkey::flow
