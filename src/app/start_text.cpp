#include "app/start_text.h"

#include <fmt/format.h>

#include "base/inert_text.h"

namespace latchkey::app {

std::string render(const StartText& text) {
  std::string out = fmt::format(
      "\n"
      "  Latchkey {} is running.\n"
      "\n"
      "    Start here   {}/\n"
      "    All routes   {}/docs\n",
      text.version, text.url, text.url);
  if (text.is_for_newcomers) {
    out +=
        fmt::format("    Mailbox      {}/mailbox  (no mail server is set, so mails stay here)\n", text.url);
  }
  if (!text.first_link_token.empty()) {
    out += fmt::format(
        "\n"
        "    This link makes the first administrator. It works once, until the server stops:\n"
        "    {}/first-administrator/{}\n",
        text.url, text.first_link_token);
  } else if (!text.has_administrator) {
    out += "    There is no administrator yet: `latchkey user add --help`\n";
  }
  out += fmt::format(
      "\n"
      "  Everything is kept in {}. Ctrl+C stops the server.\n"
      "\n",
      make_inert(text.data_dir));
  return out;
}

}  // namespace latchkey::app
