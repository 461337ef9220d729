#include <gtest/gtest.h>

#include "settings/duration.h"
#include "settings/sentence.h"
#include "settings/url.h"
#include "settings/value_checks.h"

namespace latchkey::settings {
namespace {

using namespace std::chrono_literals;

TEST(SettingDuration, needs_a_number_and_a_unit) {
  EXPECT_EQ(parse_duration("15m"), 15min);
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("100ms"), 100ms);
  EXPECT_EQ(parse_duration("72h"), 72h);
  EXPECT_EQ(parse_duration("400d"), 400 * 24h);
  for (const std::string_view text :
       {"", "15", "m", "-1m", "+1m", "1.5h", "15 m", " 15m", "15m ", "15M", "15min", "1h30m", "15us", "1e3s",
        "0x10s", "99999999999999999999s", "9223372036854775807d", "١m"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(SettingDuration, is_written_in_the_largest_exact_unit) {
  for (const std::string_view text : {"0s", "1ms", "1500ms", "90s", "15m", "36h", "7d", "400d"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(24h), "1d");
  EXPECT_EQ(format_duration(60s), "1m");
}

TEST(SettingEndpoint, is_an_address_and_a_port) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:8080"), (Endpoint{"127.0.0.1", 8080}));
  EXPECT_EQ(parse_endpoint("localhost:0"), (Endpoint{"127.0.0.1", 0}));
  EXPECT_EQ(parse_endpoint("[0:0::1]:443"), (Endpoint{"::1", 443}));
  EXPECT_EQ(parse_endpoint("[::ffff:127.0.0.1]:80"), (Endpoint{"::ffff:127.0.0.1", 80}));
  EXPECT_EQ(to_string(Endpoint{"::1", 443}), "[::1]:443");
  EXPECT_EQ(to_string(Endpoint{"0.0.0.0", 80}), "0.0.0.0:80");
  for (const std::string_view text : {"",
                                      ":8080",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:70000",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:+1",
                                      "127.0.0.1:1x",
                                      "::1:8080",
                                      "[::1]",
                                      "[127.0.0.1]:80",
                                      "example.com:80",
                                      "127.1:80",
                                      "[::1]x:80",
                                      "[::1",
                                      "nowhere",
                                      "127.0.0.1:80:80",
                                      "256.0.0.1:80",
                                      "u@127.0.0.1:80",
                                      "127.0.0.1:80/x",
                                      "127.0.0.1 :80",
                                      "[fe80::1%25eth0]:80",
                                      "bücher.example:80"}) {
    EXPECT_EQ(parse_endpoint(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_endpoint(std::string_view("127.0.0.1\0:80", 13)), std::nullopt);
}

std::string checked(Check check, std::string value) {
  const auto complaint = check(value);
  return complaint ? "refused" : value;
}

TEST(SettingPublicUrl, is_absolute_and_plain) {
  EXPECT_EQ(checked(check_public_url, "https://Auth.Example.com/"), "https://auth.example.com");
  EXPECT_EQ(checked(check_public_url, "https://a.example:443"), "https://a.example");
  EXPECT_EQ(checked(check_public_url, "http://a.example:80/x//"), "http://a.example/x");
  EXPECT_EQ(checked(check_public_url, "http://a.example:443"), "http://a.example:443");
  EXPECT_EQ(checked(check_public_url, "http://[0::1]:8080"), "http://[::1]:8080");
  EXPECT_EQ(checked(check_public_url, "https://example.com/auth/v1"), "https://example.com/auth/v1");
  EXPECT_EQ(checked(check_public_url, "https://Bücher.example:8443/x"),
            "https://xn--bcher-kva.example:8443/x");
  EXPECT_EQ(checked(check_public_url, ""), "");
  for (const char* text : {"example.com",
                           "/x",
                           "ftp://example.com",
                           "https://",
                           "https://u@example.com",
                           "https://u:p@example.com",
                           "https://example.com?x",
                           "https://example.com/?x",
                           "https://example.com/#f",
                           "https://example.com/../x",
                           "https://example.com/./x",
                           "https://example.com/a//b",
                           "https://exa mple.com",
                           "https://example.com:0",
                           "https://example.com:",
                           "https://example.com:99999",
                           "https://good.com\\@evil.com",
                           "javascript:alert(1)",
                           "https:example.com",
                           "https://example.com/%2e%2e",
                           "https://example.com/\r\nx",
                           "https://.",
                           "https://b%C3%BCcher.example",
                           "https://bücher!.example",
                           "https://example.com/bücher",
                           "https://[::1",
                           "https://[1.2.3.4]",
                           "https://.example.com",
                           "https://a..b",
                           "no url"}) {
    EXPECT_EQ(checked(check_public_url, text), "refused") << text;
  }
  // Found by tests/fuzz/setting_value_fuzz.cpp: what follows a port without a slash is no path.
  EXPECT_EQ(checked(check_public_url,
                    "https://[::1]:8\xB4"
                    "43/a"),
            "refused");
}

TEST(SettingSmtpUrl, has_a_scheme_and_a_host_only) {
  EXPECT_EQ(checked(check_smtp_url, "smtp://Mail.example.com:587"), "smtp://mail.example.com:587");
  EXPECT_EQ(checked(check_smtp_url, "smtps://mail.example.com/"), "smtps://mail.example.com");
  for (const char* text : {"localhost:25", "http://localhost", "smtp://u:p@mail.example.com",
                           "smtp://mail.example.com/ehlo", "smtp://", "smtp://mail.example.com:25\r\n"}) {
    EXPECT_EQ(checked(check_smtp_url, text), "refused") << text;
  }
}

TEST(SettingOrigin, H20_is_named_exactly) {
  EXPECT_EQ(checked(check_origin, "https://App.example.com:443"), "https://app.example.com");
  EXPECT_EQ(checked(check_origin, "http://localhost:3000"), "http://localhost:3000");
  EXPECT_EQ(checked(check_origin, "https://app.example.com/"), "https://app.example.com");
  EXPECT_EQ(checked(check_origin, "*"), "*");
  for (const char* text :
       {"null", "https://*.example.com", "*://example.com", "https://*", "https://example.com/x",
        "example.com", "", "file://x", "file://", "https://u@example.com", "https://example.com?x",
        "https://.", "://x", "1a://x", "capacitor:localhost", "https://exa mple.com", "https://x!.example",
        "capacitor://localhost/x"}) {
    EXPECT_EQ(checked(check_origin, text), "refused") << text;
  }
}

TEST(SettingOrigin, F09_is_of_any_scheme_and_in_a_labels) {
  for (const char* text : {"capacitor://localhost", "tauri://localhost", "ionic://localhost",
                           "http://tauri.localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                           "moz-extension://3c4f5a10-6b70-4f19-9d0e-0f3f9a1b2c3d", "app://.", "app://-",
                           "capacitor://localhost:80", "a+b.c-d1://x_y", "http://[::1]:3000"}) {
    EXPECT_EQ(checked(check_origin, text), text);
  }
  EXPECT_EQ(checked(check_origin, "Capacitor://LocalHost"), "capacitor://localhost");
  EXPECT_EQ(checked(check_origin, "https://Bücher.example:443"), "https://xn--bcher-kva.example");
  EXPECT_EQ(checked(check_origin, "https://xn--bcher-kva.example"), "https://xn--bcher-kva.example");
}

TEST(SettingProxies, RL02_never_everyone) {
  EXPECT_EQ(checked(check_proxy, "10.0.0.1/8"), "10.0.0.0/8");
  for (const char* text : {"0.0.0.0/0", "::/0", "10.0.0.0/0", "*", "all", ""})
    EXPECT_EQ(checked(check_proxy, text), "refused") << text;
}

TEST(SettingOtherValues, are_checked) {
  EXPECT_EQ(checked(check_label, "LocalHost"), "localhost");
  for (const char* text : {"", "a.b", "-a", "a-", "a_b", "ü"})
    EXPECT_EQ(checked(check_label, text), "refused") << text;
  EXPECT_EQ(checked(check_identifier, "latchkey"), "latchkey");
  for (const char* text : {"", "a b", "ü", "a\n"})
    EXPECT_EQ(checked(check_identifier, text), "refused") << text;
  EXPECT_EQ(checked(check_database_url, "postgresql://u:p@h/d?x=y"), "postgresql://u:p@h/d?x=y");
  for (const char* text : {"", "mysql://h/d", "sqlite:x", "postgresql://h/d\nx", "postgresql://u:pä@h/d"}) {
    EXPECT_EQ(checked(check_database_url, text), "refused") << text;
  }
}

TEST(SettingMailbox, is_an_address_with_or_without_a_name) {
  EXPECT_EQ(parse_mailbox("no-reply@Example.com")->address, "no-reply@example.com");
  const auto named = parse_mailbox(" Müller & Söhne <no-reply@example.com> ");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->name, "Müller & Söhne");
  EXPECT_EQ(to_string(*named), "Müller & Söhne <no-reply@example.com>");
  EXPECT_TRUE(parse_mailbox("latchkey@localhost"));
  EXPECT_EQ(parse_mailbox("noreply@Intranet")->address, "noreply@intranet");
  for (const std::string_view text :
       {"", "not an address", "<a@b.com", "a@b.com>", "x\r\nBcc: y@z.com <a@b.com>", "\"x <a@b.com>",
        "\"x\\\" <a@b.com>", "x\\ <a@b.com>", "\"x\"", "\"x\" a@b.com", "\"x\ny\" <a@b.com>", "a@",
        "<@b.com>", "<<a@b.com>>", "a@b.com, c@d.com", "A <a@b.com>, B <c@d.com>"}) {
    EXPECT_FALSE(parse_mailbox(text)) << text;
  }
}

TEST(SettingMailbox, F20_a_name_can_stand_in_quotes) {
  struct Case {
    std::string_view text, name, written;
  };
  for (const auto& [text, name, written] : std::initializer_list<Case>{
           {R"("Firma, GmbH" <a@b.com>)", "Firma, GmbH", R"("Firma, GmbH" <a@b.com>)"},
           {R"(Firma, GmbH <a@b.com>)", "Firma, GmbH", R"("Firma, GmbH" <a@b.com>)"},
           {R"("Plain" <a@b.com>)", "Plain", "Plain <a@b.com>"},
           {R"(Joe "the \"big\" one" Q <a@b.com>)", R"(Joe the "big" one Q)",
            R"("Joe the \"big\" one Q" <a@b.com>)"},
           {R"("a <c@d.com>" <a@b.com>)", "a <c@d.com>", R"("a <c@d.com>" <a@b.com>)"},
           {R"("back\\slash"<a@b.com>)", R"(back\slash)", R"("back\\slash" <a@b.com>)"},
           {R"("" <a@b.com>)", "", "a@b.com"},
           {R"("Bücher & mehr; GmbH" <a@b.com>)", "Bücher & mehr; GmbH",
            R"("Bücher & mehr; GmbH" <a@b.com>)"}}) {
    const auto mailbox = parse_mailbox(text);
    ASSERT_TRUE(mailbox) << text;
    EXPECT_EQ(mailbox->name, name);
    EXPECT_EQ(mailbox->address, "a@b.com");
    EXPECT_EQ(to_string(*mailbox), written);
    EXPECT_EQ(parse_mailbox(written)->name, name);
  }
}

TEST(SettingQuote, a_word_of_the_shell_is_one_word) {
  EXPECT_EQ(shell_word("/var/lib/latchkey"), "/var/lib/latchkey");
  EXPECT_EQ(shell_word("my data"), "'my data'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(SettingQuote, can_not_disturb_a_terminal) {
  EXPECT_EQ(quote("a\x1b[2J\n\"é"), "\"a\\u001b[2J\\u000a\\\"??\"");
  EXPECT_EQ(quote("\xff"), "(not UTF-8)");
  EXPECT_LT(quote(std::string(1000, 'x')).size(), 70U);
}

}  // namespace
}  // namespace latchkey::settings
