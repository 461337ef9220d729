#include "settings/knobs.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace latchkey::settings {
namespace {

/// What the contract and the documents promise; the table must not drift from it.
const std::map<std::string, std::string> promised{
    {"listen", "127.0.0.1:8080"},
    {"management_listen", "off"},
    {"public_url", ""},
    {"data_dir", "./latchkey-data"},
    {"database_url", ""},
    {"threads", "0"},
    {"master_secret", ""},
    {"master_secret_file", ""},
    {"master_secret_previous", ""},
    {"admin.email", ""},
    {"admin.password", ""},
    {"mail.smtp_url", ""},
    {"mail.smtp_user", ""},
    {"mail.smtp_password", ""},
    {"mail.tls", "required"},
    {"mail.from", ""},
    {"mail.templates_dir", ""},
    {"pages.templates_dir", ""},
    {"admin.second_factor", "optional"},
    {"admin.factor_removal_delay", "72h"},
    {"database.connections", "8"},
    {"database.statement_timeout", "5s"},
    {"tokens.access_ttl", "15m"},
    {"tokens.refresh_idle_ttl", "7d"},
    {"tokens.refresh_absolute_ttl", "30d"},
    {"tokens.refresh_grace", "10s"},
    {"tokens.client_id", "latchkey"},
    {"tokens.signing_key_ttl", "90d"},
    {"accounts.confirmation", "required"},
    {"accounts.confirmation_ttl", "24h"},
    {"accounts.unconfirmed_ttl", "72h"},
    {"accounts.reset_ttl", "30m"},
    {"accounts.code_ttl", "10m"},
    {"accounts.unique_usernames", "false"},
    {"accounts.deletion_grace", "14d"},
    {"accounts.domains_without_dot", ""},
    {"accounts.factor_removal_delay", "7d"},
    {"accounts.sign_up", "open"},
    {"accounts.invitation_ttl", "7d"},
    {"accounts.mail_sign_in", "true"},
    {"passkeys.rp_id", ""},
    {"passkeys.origins", ""},
    {"password.min_length", "8"},
    {"password.max_length", "256"},
    {"password.min_guesses_log10", "5"},
    {"password.argon2_memory_kib", "19456"},
    {"password.argon2_passes", "2"},
    {"password.hash_threads", "0"},
    {"password.hash_queue", "0"},
    {"password.breached_file", ""},
    {"limits.enabled", "true"},
    {"limits.login_failures", "10"},
    {"limits.login_lock", "1m"},
    {"limits.mail_interval", "1m"},
    {"limits.sign_up", "100/10m"},
    {"limits.sign_up_total", "3000/10m"},
    {"limits.sign_in", "1000/10m"},
    {"limits.sign_in_total", "off"},
    {"limits.mail_requests", "100/10m"},
    {"limits.mail_requests_total", "3000/10m"},
    {"limits.links", "2000/10m"},
    {"limits.account_changes", "1000/10m"},
    {"limits.refresh", "10000/10m"},
    {"limits.refresh_total", "off"},
    {"limits.session_refresh", "20/10s"},
    {"limits.unconfirmed_accounts", "2000/1h"},
    {"limits.mails", "5000/1h"},
    {"limits.mails_per_recipient", "10/24h"},
    {"limits.changes_per_account", "60/1h"},
    {"limits.audit_refusals", "2000/1h"},
    {"http.cors_origins", ""},
    {"http.trusted_proxies", ""},
    {"http.head_timeout", "10s"},
    {"http.body_timeout", "30s"},
    {"http.idle_timeout", "60s"},
    {"http.max_body_bytes", "65536"},
    {"mail.envelope_from", ""},
    {"mail.connections", "4"},
    {"limits.sessions", "100"},
    {"http.least_body_rate", "240"},
    {"http.connections_per_client", "4000"},
    {"http.buffer_memory_mib", "0"},
    {"audit.ttl", "400d"},
    {"log.level", "info"},
    {"log.format", "text"},
};

TEST(Knobs, have_the_names_and_defaults_that_were_promised) {
  std::map<std::string, std::string> table;
  for (const Knob& knob : knobs()) table.emplace(knob.name, knob.default_text);
  EXPECT_EQ(table, promised);
  EXPECT_EQ(knobs().size(), promised.size());
}

TEST(Knobs, new_settings_hold_the_defaults) {
  const Settings settings;
  for (const Knob& knob : knobs()) {
    Settings again;
    if (knob.default_text.empty()) {
      EXPECT_EQ(knob.read(settings), "") << knob.name;
    } else {
      ASSERT_EQ(knob.write(again, knob.default_text), std::nullopt) << knob.name;
      EXPECT_EQ(knob.read(settings), knob.read(again)) << knob.name;
    }
  }
  EXPECT_EQ(settings.listen, (Endpoint{"127.0.0.1", 8080}));
  EXPECT_EQ(settings.tokens.access_ttl, std::chrono::minutes{15});
  EXPECT_EQ(settings.accounts.confirmation, Confirmation::required);
  EXPECT_EQ(settings.mail.tls, MailTls::required);
  EXPECT_EQ(settings.log.level, log::Level::info);
  EXPECT_EQ(settings.log.format, log::Format::text);
  EXPECT_TRUE(settings.limits.enabled);
  EXPECT_TRUE(settings.is_embedded());
}

TEST(Knobs, choices_are_in_the_order_of_their_enumerations) {
  Settings settings;
  EXPECT_FALSE(find_knob("accounts.confirmation")->write(settings, "off"));
  EXPECT_EQ(settings.accounts.confirmation, Confirmation::off);
  EXPECT_FALSE(find_knob("mail.tls")->write(settings, "opportunistic"));
  EXPECT_EQ(settings.mail.tls, MailTls::opportunistic);
  EXPECT_FALSE(find_knob("mail.tls")->write(settings, "off"));
  EXPECT_EQ(settings.mail.tls, MailTls::off);
  EXPECT_FALSE(find_knob("log.level")->write(settings, "error"));
  EXPECT_EQ(settings.log.level, log::Level::error);
  EXPECT_FALSE(find_knob("log.level")->write(settings, "debug"));
  EXPECT_EQ(settings.log.level, log::Level::debug);
  EXPECT_FALSE(find_knob("log.format")->write(settings, "json"));
  EXPECT_EQ(settings.log.format, log::Format::json);
}

TEST(Knobs, K05_bounds_hold) {
  struct Case {
    std::string_view name;
    std::string_view good;
    std::string_view bad;
  };
  for (const auto& [name, good, bad] :
       std::initializer_list<Case>{{"password.argon2_memory_kib", "64", "63"},
                                   {"password.argon2_passes", "1", "0"},
                                   {"password.min_length", "64", "65"},
                                   {"password.max_length", "64", "63"},
                                   {"password.min_guesses_log10", "0", "-1"},
                                   {"tokens.access_ttl", "1s", "0s"},
                                   {"tokens.access_ttl", "24h", "25h"},
                                   {"tokens.refresh_grace", "0s", "61s"},
                                   {"limits.login_failures", "1", "0"},
                                   {"limits.login_lock", "1h", "61m"},
                                   {"limits.sign_in", "1/1s", "0/1s"},
                                   {"limits.sign_in", "1000000/30d", "1000001/30d"},
                                   {"limits.sign_in", "off", "on"},
                                   {"limits.sign_in", "5/1s", "5/999ms"},
                                   {"limits.sign_in", "5/10m", "5/10"},
                                   {"limits.sign_in", "5/10m", "5 /10m"},
                                   {"limits.sign_in", "5/10m", "-5/10m"},
                                   {"limits.sign_in", "5/10m", "5/31d"},
                                   {"limits.sign_in", "5/10m", "5/10m/1m"},
                                   {"limits.sign_in", "5/10m", "/10m"},
                                   {"limits.sign_in", "5/10m", ""},
                                   {"threads", "256", "257"},
                                   {"threads", "0", "-1"},
                                   {"password.argon2_passes", "100", "9999999999"},
                                   {"http.max_body_bytes", "1024", "1023"},
                                   {"http.max_body_bytes", "65536", "1e9"},
                                   {"threads", "4", "4.0"},
                                   {"threads", "4", " 4"},
                                   {"threads", "4", ""},
                                   {"limits.enabled", "false", "2"},
                                   {"limits.enabled", "true", "yes"},
                                   {"log.level", "warn", "WARN"},
                                   {"management_listen", "[::1]:0", "on"},
                                   {"data_dir", "/x", ""},
                                   {"mail.templates_dir", "", std::string_view("\0", 1)},
                                   {"accounts.domains_without_dot", "a, b", "a,,b"}}) {
    const Knob* knob = find_knob(name);
    ASSERT_NE(knob, nullptr) << name;
    Settings settings;
    EXPECT_EQ(knob->write(settings, good), std::nullopt) << name << ' ' << good;
    const auto complaint = knob->write(settings, bad);
    ASSERT_TRUE(complaint) << name << ' ' << bad;
    EXPECT_TRUE(complaint->starts_with("must ")) << *complaint;
  }
}

TEST(Knobs, what_is_read_can_be_written_back) {
  const std::map<std::string, std::string> others{
      {"listen", "[::1]:1"},
      {"management_listen", "127.0.0.1:9090"},
      {"public_url", "https://a.example/x"},
      {"mail.from", "\"A, B\" <a@b.example>"},
      {"accounts.domains_without_dot", "localhost,intranet"},
      {"http.cors_origins", "https://a.example,http://b.example:81,capacitor://localhost"},
      {"http.trusted_proxies", "10.0.0.0/8,::1/128"},
      {"tokens.access_ttl", "90s"},
      {"limits.enabled", "false"},
      {"limits.sign_up", "7/90s"},
      {"limits.refresh", "off"},
      {"mail.tls", "off"},
  };
  for (const auto& [name, text] : others) {
    Settings settings;
    EXPECT_EQ(find_knob(name)->write(settings, text), std::nullopt) << name;
    EXPECT_EQ(find_knob(name)->read(settings), text) << name;
  }
}

TEST(Knobs, secrets_are_never_read_and_have_no_flag) {
  const std::set<std::string_view> secrets{"database_url", "master_secret", "master_secret_previous",
                                           "admin.password", "mail.smtp_password"};
  for (const Knob& knob : knobs()) {
    EXPECT_EQ(knob.secret, secrets.contains(knob.name)) << knob.name;
    EXPECT_EQ(flag_name(knob).empty(), knob.secret) << knob.name;
    if (!knob.secret) continue;
    Settings settings;
    const std::string_view value = knob.name.starts_with("master")
                                       ? "8d1c53b4e0f97a2668435fe0971bd2cc90a7f46ee3585b01d93c2a7ff8140e67"
                                   : knob.name == "database_url" ? "postgresql://u:word@h/d"
                                                                 : "a secret word";
    EXPECT_EQ(knob.write(settings, value), std::nullopt) << knob.name;
    EXPECT_EQ(knob.read(settings), "(set)") << knob.name;
    EXPECT_TRUE(knob.write(settings, "")) << "K01: " << knob.name;
  }
}

TEST(Knobs, every_one_says_what_it_is_for_in_a_variable_of_its_own) {
  std::set<std::string> variables;
  for (const Knob& knob : knobs()) {
    EXPECT_TRUE(knob.meaning.ends_with('.')) << knob.name;
    EXPECT_FALSE(knob.describe().empty()) << knob.name;
    EXPECT_TRUE(variables.insert(environment_name(knob)).second) << knob.name;
  }
  EXPECT_TRUE(variables.contains("LATCHKEY_TOKENS_ACCESS_TTL"));
  EXPECT_TRUE(variables.contains("LATCHKEY_LISTEN"));
}

TEST(Knobs, suggests_what_was_meant) {
  EXPECT_EQ(suggest_knob("tokens.acces_ttl"), "tokens.access_ttl");
  EXPECT_EQ(suggest_knob("tokens.access_tll"), "tokens.access_ttl");
  EXPECT_EQ(suggest_knob("access_ttl"), "tokens.access_ttl");
  EXPECT_EQ(suggest_knob("token.access_ttl"), "tokens.access_ttl");
  EXPECT_EQ(suggest_knob("Listen"), "listen");
  EXPECT_EQ(suggest_knob("lsiten"), "listen");
  EXPECT_EQ(suggest_knob("colour"), "");
  EXPECT_EQ(suggest_knob(""), "");
  EXPECT_EQ(suggest_knob(std::string(10'000, 'x')), "");
  EXPECT_EQ(suggest_group("token"), "tokens");
  EXPECT_EQ(suggest_group("Password"), "password");
  EXPECT_EQ(suggest_group("quux"), "");
}

TEST(Knobs, lists_are_split_at_commas) {
  EXPECT_EQ(split_list("a, b ,c"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(split_list(""), std::vector<std::string>{});
  EXPECT_EQ(split_list("  "), std::vector<std::string>{});
  EXPECT_EQ(split_list("a,,b"), (std::vector<std::string>{"a", "", "b"}));
}

}  // namespace
}  // namespace latchkey::settings
