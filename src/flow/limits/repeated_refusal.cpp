#include "flow/limits/repeated_refusal.h"

#include <string>

namespace latchkey::flow::limits {

bool is_due_for_audit(Services& services, std::string_view event, const Subject& account, Timestamp now) {
  std::string key(event);
  key += ' ';
  key += to_string(account);
  constexpr std::int64_t at_once = 1;
  return !services.repeated_refusals.reserve(key, now, at_once, std::chrono::minutes(1)).has_value();
}

}  // namespace latchkey::flow::limits
