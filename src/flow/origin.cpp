#include "flow/origin.h"

#include <string_view>

namespace latchkey::flow {
namespace {

/// No client has a part in it.
Origin origin_of(std::string_view actor, Timestamp now) {
  return {.now = now, .address = "", .user_agent = "", .request_id = "", .actor = std::string(actor)};
}

}  // namespace

Origin system_origin(Timestamp now) { return origin_of("system", now); }

Origin operator_origin(Timestamp now) { return origin_of("operator", now); }

}  // namespace latchkey::flow
