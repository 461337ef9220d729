// Settings that are right by themselves and wrong, or unwise, together.
#include <gtest/gtest.h>

#include "unit/settings/fixtures.h"

namespace latchkey::settings {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

boost::system::result<Loaded, Problems> load_variables(const Variables& variables) {
  const WorkingFolder folder;
  Sources sources;
  for (const auto& [name, value] : variables) sources.environment.emplace_back("LATCHKEY_" + name, value);
  return load(sources);
}

std::string refusal_of(const Variables& variables) { return refusal(load_variables(variables)); }

std::string warnings_of(const Variables& variables) {
  const auto loaded = load_variables(variables);
  if (!loaded) return "refused: " + refusal(loaded);
  std::string text;
  for (const std::string& warning : loaded->warnings) text += warning + '\n';
  return text;
}

TEST(Together, lifetimes_are_in_order) {
  EXPECT_TRUE(contains(refusal_of({{"TOKENS_REFRESH_ABSOLUTE_TTL", "1d"}}),
                       "tokens.refresh_idle_ttl (7d, default) must not be more than "
                       "tokens.refresh_absolute_ttl (1d, environment "
                       "LATCHKEY_TOKENS_REFRESH_ABSOLUTE_TTL)"));
  EXPECT_TRUE(contains(refusal_of({{"TOKENS_REFRESH_IDLE_TTL", "5m"}}),
                       "tokens.access_ttl (15m, default) must not be more than"));
  EXPECT_TRUE(contains(refusal_of({{"TOKENS_REFRESH_IDLE_TTL", "5s"}, {"TOKENS_ACCESS_TTL", "1s"}}),
                       "tokens.refresh_grace"));
  EXPECT_TRUE(contains(refusal_of({{"TOKENS_SIGNING_KEY_TTL", "1h"}, {"TOKENS_ACCESS_TTL", "2h"}}),
                       "tokens.signing_key_ttl"));
  EXPECT_EQ(refusal_of({{"TOKENS_REFRESH_IDLE_TTL", "30d"}}), "loaded");
}

TEST(Together, the_administrator_has_an_address_and_a_password) {
  EXPECT_TRUE(contains(refusal_of({{"ADMIN_EMAIL", "a@b.example"}}), "also needs admin.password"));
  EXPECT_TRUE(contains(refusal_of({{"ADMIN_PASSWORD", "word"}}),
                       "admin.password ((set), environment LATCHKEY_ADMIN_PASSWORD) also needs admin.email"));
  EXPECT_TRUE(
      contains(refusal_of({{"ADMIN_EMAIL", "no address"}, {"ADMIN_PASSWORD", "word"}}), "admin.email"));
  EXPECT_TRUE(
      contains(refusal_of({{"ADMIN_EMAIL", "a@intranet"}, {"ADMIN_PASSWORD", "word"}}), "with a dot"));
  const auto loaded = load_variables({{"ADMIN_EMAIL", " Root@Intranet "},
                                      {"ADMIN_PASSWORD", "word"},
                                      {"ACCOUNTS_DOMAINS_WITHOUT_DOT", "intranet"}});
  ASSERT_TRUE(loaded) << refusal(loaded);
  EXPECT_EQ(loaded->settings.admin.email, "Root@intranet");
}

TEST(Together, M03_mail_in_the_clear_stays_on_this_machine) {
  const Variables base{{"MAIL_FROM", "a@b.example"}};
  const auto with = [&](Variables more) {
    more.insert(more.end(), base.begin(), base.end());
    return more;
  };
  EXPECT_TRUE(contains(refusal_of(with({{"MAIL_SMTP_URL", "smtp://mail.example.com"}, {"MAIL_TLS", "off"}})),
                       "only for a mail server on this machine"));
  for (const char* here : {"smtp://localhost:25", "smtp://127.0.0.1", "smtp://[::1]:2525"}) {
    EXPECT_EQ(warnings_of(with({{"MAIL_SMTP_URL", here}, {"MAIL_TLS", "off"}})), "") << here;
    EXPECT_EQ(warnings_of(with({{"MAIL_SMTP_URL", here}, {"MAIL_TLS", "opportunistic"}})), "") << here;
  }
  EXPECT_TRUE(contains(
      warnings_of(with({{"MAIL_SMTP_URL", "smtp://mail.example.com"}, {"MAIL_TLS", "opportunistic"}})),
      "anybody on the way"));
  EXPECT_EQ(warnings_of(with({{"MAIL_SMTP_URL", "smtps://mail.example.com"}})), "");
  EXPECT_EQ(warnings_of(with({{"MAIL_SMTP_URL", "smtp://mail.example.com:587"}})), "");
}

TEST(Together, the_senders_domain_has_a_dot_or_is_listed) {
  const auto told = refusal_of({{"MAIL_FROM", "Us <noreply@intranet>"}});
  EXPECT_TRUE(contains(
      told,
      "mail.from (Us <noreply@intranet>, environment LATCHKEY_MAIL_FROM): its domain has no dot, and "
      "accounts.domains_without_dot does not name it"))
      << told;
  EXPECT_EQ(
      refusal_of({{"MAIL_FROM", "noreply@Intranet"}, {"ACCOUNTS_DOMAINS_WITHOUT_DOT", "other,intranet"}}),
      "loaded");
  EXPECT_EQ(refusal_of({{"MAIL_FROM", "noreply@localhost"}}), "loaded");
  EXPECT_EQ(refusal_of({{"MAIL_FROM", "noreply@bücher.example"}}), "loaded");
}

TEST(Together, every_origin_stands_alone) {
  EXPECT_EQ(refusal_of({{"HTTP_CORS_ORIGINS", "*"}}), "loaded");
  EXPECT_TRUE(contains(refusal_of({{"HTTP_CORS_ORIGINS", "*,https://a.example"}}), "stands alone"));
}

TEST(Together, passkeys_belong_to_a_domain_of_the_public_url) {
  const auto with = [](const char* url, const char* domain) {
    return refusal_of({{"PUBLIC_URL", url}, {"PASSKEYS_RP_ID", domain}});
  };
  EXPECT_EQ(with("https://id.example.com", "id.example.com"), "loaded");
  EXPECT_EQ(with("https://id.example.com", "Example.com"), "loaded");
  EXPECT_EQ(with("https://b\u00fccher.example", "xn--bcher-kva.example"), "loaded");
  EXPECT_EQ(with("http://intranet", "intranet"), "loaded");
  EXPECT_EQ(with("", "localhost"), "loaded");
  for (const char* domain : {"com", "ample.com", "login.id.example.com", "example.org"}) {
    EXPECT_TRUE(contains(with("https://id.example.com", domain), "a domain that it ends in")) << domain;
  }
  EXPECT_TRUE(contains(with("", "example.com"), "also needs public_url"));
  EXPECT_TRUE(contains(refusal_of({{"LISTEN", "0.0.0.0:80"}, {"PASSKEYS_RP_ID", "localhost"}}),
                       "also needs public_url"));
  EXPECT_TRUE(contains(with("https://127.0.0.1", "127.0.0.1"), "must be a domain"));
}

TEST(Together, passkeys_are_asked_for_by_pages_and_apps) {
  const auto with = [](const char* origins) { return refusal_of({{"PASSKEYS_ORIGINS", origins}}); };
  EXPECT_EQ(with("https://a.example:443,http://localhost:3000"), "loaded");
  EXPECT_EQ(with("android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "loaded");
  for (const char* wrong : {"*", "a.example", "https://a.example/path", "capacitor://localhost", "null",
                            "android:apk-key-hash:AAAA", "android:apk-key-hash:"}) {
    EXPECT_TRUE(contains(with(wrong), "must list origins")) << wrong;
  }
}

TEST(Together, mail_has_a_sender_and_whole_credentials) {
  EXPECT_TRUE(contains(refusal_of({{"MAIL_SMTP_URL", "smtps://mail.example.com"}}), "also needs mail.from"));
  EXPECT_TRUE(contains(refusal_of({{"MAIL_SMTP_USER", "u"}}), "needs mail.smtp_password"));
  EXPECT_TRUE(contains(refusal_of({{"MAIL_SMTP_PASSWORD", "p"}}), "needs mail.smtp_user"));
  EXPECT_TRUE(contains(warnings_of({{"MAIL_SMTP_USER", "u"}, {"MAIL_SMTP_PASSWORD", "p"}}),
                       "has no effect without mail.smtp_url"));
}

TEST(Together, one_master_secret_and_another_one_before) {
  const std::string secret(good_secret);
  EXPECT_EQ(refusal_of({{"MASTER_SECRET", secret}, {"MASTER_SECRET_PREVIOUS", std::string(other_secret)}}),
            "loaded");
  EXPECT_TRUE(
      contains(refusal_of({{"MASTER_SECRET", secret}, {"MASTER_SECRET_PREVIOUS", secret}}), "must differ"));
  EXPECT_TRUE(contains(refusal_of({{"MASTER_SECRET", secret}, {"MASTER_SECRET_FILE", "x"}}),
                       "only one of master_secret"));
  std::string upper = secret;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_TRUE(
      contains(refusal_of({{"MASTER_SECRET", secret}, {"MASTER_SECRET_PREVIOUS", upper}}), "must differ"));
}

TEST(Together, listeners_differ) {
  EXPECT_TRUE(contains(refusal_of({{"MANAGEMENT_LISTEN", "127.0.0.1:8080"}}), "management_listen"));
  EXPECT_EQ(refusal_of({{"MANAGEMENT_LISTEN", "127.0.0.1:0"}, {"LISTEN", "127.0.0.1:0"}}), "loaded");
}

TEST(Together, warns_of_weak_hashing_by_the_rows_of_owasp) {
  struct Case {
    const char* memory;
    const char* passes;
    bool strong;
  };
  for (const auto& [memory, passes, strong] : std::initializer_list<Case>{{"47104", "1", true},
                                                                          {"47103", "1", false},
                                                                          {"19456", "2", true},
                                                                          {"19455", "2", false},
                                                                          {"12288", "3", true},
                                                                          {"9216", "4", true},
                                                                          {"7168", "5", true},
                                                                          {"7167", "100", false},
                                                                          {"65536", "3", true},
                                                                          {"64", "1", false}}) {
    const std::string warnings =
        warnings_of({{"PASSWORD_ARGON2_MEMORY_KIB", memory}, {"PASSWORD_ARGON2_PASSES", passes}});
    EXPECT_EQ(contains(warnings, "argon2"), !strong) << memory << ' ' << passes << ' ' << warnings;
  }
}

TEST(Together, warns_of_what_is_unwise) {
  EXPECT_TRUE(contains(warnings_of({{"LIMITS_ENABLED", "false"}}), "limits.enabled"));
  EXPECT_TRUE(contains(warnings_of({{"ACCOUNTS_CONFIRMATION", "off"}}), "anybody's address"));
  EXPECT_TRUE(contains(warnings_of({{"LISTEN", "0.0.0.0:8080"}}), "public_url is not set"));
  EXPECT_TRUE(contains(warnings_of({{"PUBLIC_URL", "http://auth.example.com"}}), "in the clear"));
  EXPECT_TRUE(contains(warnings_of({{"PASSWORD_MIN_LENGTH", "6"}}), "less than 8"));
  EXPECT_TRUE(contains(warnings_of({{"TOKENS_ACCESS_TTL", "2h"}}), "stolen access token"));
  EXPECT_TRUE(contains(warnings_of({{"TOKENS_REFRESH_GRACE", "30s"}}), "stolen refresh token"));
  EXPECT_TRUE(contains(warnings_of({{"ACCOUNTS_CONFIRMATION_TTL", "10d"}}), "links outlive"));
  EXPECT_EQ(warnings_of({{"LISTEN", "0.0.0.0:8080"}, {"PUBLIC_URL", "https://auth.example.com"}}), "");
  EXPECT_EQ(warnings_of({{"PUBLIC_URL", "http://localhost:8080"}}), "");
}

TEST(Together, F56_metrics_on_every_address_are_warned_of) {
  for (const char* open : {"0.0.0.0:9090", "[::]:9090"})
    EXPECT_TRUE(contains(warnings_of({{"MANAGEMENT_LISTEN", open}}), "can read the metrics")) << open;
  for (const char* kept : {"127.0.0.1:9090", "192.0.2.1:9090", "off"})
    EXPECT_EQ(warnings_of({{"MANAGEMENT_LISTEN", kept}}), "") << kept;
}

TEST(Together, the_envelope_has_an_address_alone) {
  EXPECT_EQ(warnings_of({{"MAIL_ENVELOPE_FROM", "bounces@mail.example.com"}}), "");
  EXPECT_TRUE(contains(refusal_of({{"MAIL_ENVELOPE_FROM", "Bounces <bounces@mail.example.com>"}}),
                       "mail.envelope_from"));
  EXPECT_TRUE(contains(refusal_of({{"MAIL_ENVELOPE_FROM", "bounces@intranet"}}), "its domain has no dot"));
}

}  // namespace
}  // namespace latchkey::settings
