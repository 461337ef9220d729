#include "api/schema.h"

namespace latchkey::api::detail {

void annotate(boost::json::object& schema, const About& about) {
  if (!about.meaning.empty()) schema["description"] = about.meaning;
  if (!about.format.empty()) schema["format"] = about.format;
  if (about.shown_shortest != 0) schema["minLength"] = about.shown_shortest;
  if (about.shown_longest != 0) schema["maxLength"] = about.shown_longest;
  if (about.least != std::numeric_limits<std::int64_t>::min()) schema["minimum"] = about.least;
  if (about.greatest != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = about.greatest;
  if (!about.constant.empty()) schema["const"] = about.constant;
  if (!about.one_of.empty()) schema["enum"] = boost::json::array(about.one_of.begin(), about.one_of.end());
  if (!about.example.empty()) schema["examples"] = {about.example};
}

}  // namespace latchkey::api::detail
