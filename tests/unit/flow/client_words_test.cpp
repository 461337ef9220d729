#include "flow/accounts/client_words.h"

#include <gtest/gtest.h>

namespace latchkey::flow::accounts {
namespace {

TEST(ClientWords, NameBrowserAndSystemAndNothingElseOfTheHeader) {
  const struct {
    const char* user_agent;
    const char* words;
  } cases[] = {
      {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"},
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
       "Safari/537.36",
       "Chrome on Windows"},
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
       "Safari/537.36 Edg/126.0.0.0",
       "Edge on Windows"},
      {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
       "Version/17.5 Mobile/15E148 Safari/604.1",
       "Safari on an iPhone"},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
       "Version/17.5 "
       "Safari/605.1.15",
       "Safari on a Mac"},
      {"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
       "Chrome/121.0.0.0 Mobile Safari/537.36",
       "Samsung Internet on Android"},
      {"curl/7.88.1", "curl"},
      {"python-requests/2.31.0", "a Python program"},
      {"Something (Windows NT 10.0)", "a client on Windows"},
      {"https://evil.example is the <b>real</b> site", "an unknown client"},
      {"", "an unknown client"},
  };
  for (const auto& [user_agent, words] : cases) EXPECT_EQ(describe_client(user_agent), words) << user_agent;
}

}  // namespace
}  // namespace latchkey::flow::accounts
