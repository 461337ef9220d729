#include "app/cli/context.h"

#include "app/cli/command.h"

namespace latchkey::app::cli {

int refuse(Console& console, const Error& error) {
  if (error.fields.empty()) {
    console.complain(error.detail.empty() ? describe(error.code).detail : std::string_view(error.detail));
  }
  for (const auto& field : error.fields) {
    // The API calls it `body`; here the last part is the name of the flag.
    console.complain((field.loc.empty() ? "" : field.loc.back() + ": ") + field.msg);
  }
  return exit_refused;
}

}  // namespace latchkey::app::cli
