#include "flow/accounts/client_words.h"

namespace latchkey::flow::accounts {
namespace {

struct Family {
  std::string_view mark;  ///< as it stands in the header
  std::string_view name;
};

/// The first that matches: most browsers name those that they descend from, too.
constexpr Family clients[] = {
    {"Edg/", "Edge"},
    {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Vivaldi/", "Vivaldi"},
    {"YaBrowser/", "Yandex Browser"},
    {"FxiOS/", "Firefox"},
    {"Firefox/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chromium/", "Chromium"},
    {"Chrome/", "Chrome"},
    {"Version/", "Safari"},
    {"Thunderbird/", "Thunderbird"},
    {"curl/", "curl"},
    {"Wget/", "Wget"},
    {"python-requests/", "a Python program"},
    {"python-httpx/", "a Python program"},
    {"Python-urllib/", "a Python program"},
    {"aiohttp/", "a Python program"},
    {"okhttp/", "an Android app"},
    {"Dalvik/", "an Android app"},
    {"CFNetwork/", "an Apple app"},
    {"Dart/", "a Flutter app"},
    {"Go-http-client/", "a Go program"},
    {"Java/", "a Java program"},
    {"node", "a Node.js program"},
    {"undici", "a Node.js program"},
};

constexpr Family systems[] = {
    {"Windows", "Windows"}, {"iPhone", "an iPhone"}, {"iPad", "an iPad"}, {"Android", "Android"},
    {"CrOS", "ChromeOS"},   {"Mac OS X", "a Mac"},   {"Linux", "Linux"},  {"FreeBSD", "FreeBSD"},
};

template <std::size_t count>
std::string_view find(const Family (&families)[count], std::string_view user_agent) {
  for (const Family& family : families) {
    if (user_agent.find(family.mark) != std::string_view::npos) return family.name;
  }
  return {};
}

}  // namespace

std::string describe_client(std::string_view user_agent) {
  const std::string_view client = find(clients, user_agent);
  const std::string_view system = find(systems, user_agent);
  if (client.empty() && system.empty()) return "an unknown client";
  std::string words(client.empty() ? "a client" : client);
  if (!system.empty()) words.append(" on ").append(system);
  return words;
}

}  // namespace latchkey::flow::accounts
