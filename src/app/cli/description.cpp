#include "app/cli/description.h"

#include "app/features.h"

namespace latchkey::app::cli {

std::string describe_program() {
  std::string text = "An authentication server over HTTP, with";
  char separator = ' ';
  for (const api::Feature* feature : features()) {
    text += separator;
    if (separator == ',') text += ' ';
    text += feature->name;
    separator = ',';
  }
  return text;
}

}  // namespace latchkey::app::cli
