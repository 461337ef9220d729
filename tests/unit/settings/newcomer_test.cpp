#include "settings/newcomer.h"

#include <gtest/gtest.h>

namespace latchkey::settings {
namespace {

TEST(Newcomer, IsWhoSetNoMailServerAndIsAloneOnThisMachine) {
  Settings settings;
  EXPECT_TRUE(is_for_newcomers(settings));
  EXPECT_EQ(mail_folder(settings), settings.data_dir / "mail");
  for (const char* url :
       {"http://localhost:8080", "http://127.0.0.1", "https://localhost/auth", "http://[::1]:1"}) {
    settings.public_url = url;
    EXPECT_TRUE(is_for_newcomers(settings)) << url;
  }
  for (const char* url : {"https://auth.example.com", "http://localhost.example.com",
                          "http://192.168.1.5:8080", "http://0.0.0.0:8080"}) {
    settings.public_url = url;
    EXPECT_FALSE(is_for_newcomers(settings)) << url;
  }
  settings.public_url = "";
  for (const char* address : {"0.0.0.0", "::", "192.168.1.5", "fe80::1"}) {
    settings.listen.address = address;
    EXPECT_FALSE(is_for_newcomers(settings)) << address;
  }
  settings.listen.address = "::1";
  EXPECT_TRUE(is_for_newcomers(settings));
  settings.mail.smtp_url = "smtp://127.0.0.1";
  EXPECT_FALSE(is_for_newcomers(settings));
}

}  // namespace
}  // namespace latchkey::settings
