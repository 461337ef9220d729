#include "flow/origin.h"

namespace latchkey::flow {

namespace {

/// No client has a part in it.
Origin origin_of(std::string_view actor, Timestamp now) {
  return {.now = now, .address = "", .user_agent = "", .request_id = "", .actor = std::string(actor)};
}

}  // namespace

Origin system_origin(Timestamp now) { return origin_of("system", now); }

Origin operator_origin(Timestamp now) { return origin_of("operator", now); }

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
