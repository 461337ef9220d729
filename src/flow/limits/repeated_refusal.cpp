#include "flow/limits/repeated_refusal.h"

#include <string>

#include "flow/limits/budget.h"

namespace latchkey::flow::limits {

bool is_due_for_audit(Services& services, std::string_view event, std::string_view whose, Timestamp now) {
  std::string key(event);
  key += ' ';
  key += whose;
  constexpr std::int64_t at_once = 1;
  return !services.repeated_refusals.reserve(key, now, at_once, std::chrono::minutes(1)).has_value();
}

bool may_be_kept(Services& services, Timestamp now) {
  return !take(services, budgets::audit_refusals, now).has_value();
}

}  // namespace latchkey::flow::limits
