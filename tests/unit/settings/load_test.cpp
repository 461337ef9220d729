#include "settings/load.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "settings/container_variables.h"
#include "settings/knobs.h"
#include "unit/settings/fixtures.h"

namespace latchkey::settings {
namespace {

using namespace std::chrono_literals;

/// The refusal of a `latchkey.toml`, or "loaded".
std::string refusal_of_file(std::string_view toml) {
  const WorkingFolder folder;
  WorkingFolder::write("latchkey.toml", toml);
  return refusal(load({}));
}

std::string refusal_of_variable(std::string name, std::string value) {
  const WorkingFolder folder;
  Sources sources;
  sources.environment.emplace_back(std::move(name), std::move(value));
  return refusal(load(sources));
}

TEST(Load, nothing_at_all_gives_the_defaults) {
  const WorkingFolder folder;
  const auto loaded = load({});
  ASSERT_TRUE(loaded) << refusal(loaded);
  EXPECT_FALSE(loaded->config_file);
  EXPECT_TRUE(loaded->warnings.empty());
  EXPECT_EQ(loaded->origins, std::vector<std::string>(knobs().size(), "default"));
}

TEST(Load, flags_win_over_environment_over_file) {
  const WorkingFolder folder;
  WorkingFolder::write("latchkey.toml", R"(
listen = "127.0.0.1:1"
[tokens]
access_ttl = "1m"
refresh_grace = "1s"
client_id = "from-file"
)",
                       0644);
  Sources sources;
  sources.environment = {
      {"LATCHKEY_TOKENS_ACCESS_TTL", "2m"}, {"LATCHKEY_TOKENS_REFRESH_GRACE", "2s"}, {"PATH", "/bin"}};
  sources.flags = {{"tokens.access_ttl", "3m"}};
  const auto loaded = load(sources);
  ASSERT_TRUE(loaded) << refusal(loaded);
  EXPECT_EQ(loaded->settings.tokens.access_ttl, 3min);
  EXPECT_EQ(loaded->settings.tokens.refresh_grace, 2s);
  EXPECT_EQ(loaded->settings.tokens.client_id, "from-file");
  EXPECT_EQ(loaded->settings.listen.port, 1);
  const auto origin = [&](std::string_view name) {
    return loaded->origins[static_cast<std::size_t>(find_knob(name) - knobs().data())];
  };
  EXPECT_EQ(origin("tokens.access_ttl"), "flag --tokens.access_ttl");
  EXPECT_EQ(origin("tokens.refresh_grace"), "environment LATCHKEY_TOKENS_REFRESH_GRACE");
  EXPECT_EQ(origin("tokens.client_id"), "latchkey.toml:6");
  EXPECT_EQ(origin("listen"), "latchkey.toml:2");
}

TEST(Load, the_file_is_the_named_one_or_the_variables_or_the_one_here) {
  const WorkingFolder folder;
  WorkingFolder::write("latchkey.toml", "threads = 1");
  WorkingFolder::write("variable.toml", "threads = 2");
  WorkingFolder::write("named.toml", "threads = 3");
  Sources sources;
  EXPECT_EQ(load(sources)->settings.threads, 1);
  sources.environment = {{"LATCHKEY_CONFIG", ""}};
  EXPECT_EQ(load(sources)->settings.threads, 1);
  sources.environment = {{"LATCHKEY_CONFIG", "variable.toml"}};
  EXPECT_EQ(load(sources)->settings.threads, 2);
  sources.config_file = "named.toml";
  EXPECT_EQ(load(sources)->settings.threads, 3);
  sources.config_file = "absent.toml";
  EXPECT_TRUE(contains(refusal(load(sources)), "absent.toml: cannot be opened"));
}

TEST(Load, every_setting_can_stand_in_the_file) {
  const WorkingFolder folder;
  WorkingFolder::write("latchkey.toml", R"(
management_listen = "127.0.0.1:9090"
public_url = "https://id.example.com/"
threads = 2
[mail]
smtp_url = "smtps://mail.example.com"
smtp_user = "u"
smtp_password = "p"
from = "Latchkey <no-reply@example.com>"
[accounts]
unique_usernames = true
domains_without_dot = ["Intranet", "localhost"]
[http]
cors_origins = ["https://app.example.com"]
trusted_proxies = ["10.0.0.0/8", "::1"]
[log]
format = "json"
)");
  const auto loaded = load({});
  ASSERT_TRUE(loaded) << refusal(loaded);
  EXPECT_EQ(loaded->settings.public_url, "https://id.example.com");
  EXPECT_EQ(loaded->settings.management_listen, (Endpoint{"127.0.0.1", 9090}));
  EXPECT_EQ(loaded->settings.accounts.domains_without_dot,
            (std::vector<std::string>{"intranet", "localhost"}));
  EXPECT_EQ(loaded->settings.http.trusted_proxies, (std::vector<std::string>{"10.0.0.0/8", "::1/128"}));
  EXPECT_EQ(loaded->settings.mail.smtp_password.text(), "p");
  EXPECT_EQ(loaded->settings.mail.from.name, "Latchkey");
  EXPECT_TRUE(loaded->warnings.empty());
}

TEST(Load, K05_a_bad_file_is_refused_with_name_and_line) {
  struct Case {
    std::string_view toml;
    std::string_view expected;
  };
  for (const auto& [toml, expected] : std::initializer_list<Case>{
           {"[tokens]\naccess_ttl = \"5m\"\nacces_ttl = \"5m\"\n",
            R"(latchkey.toml:3: unknown setting "tokens.acces_ttl"; did you mean "tokens.access_ttl"?)"},
           {"\n[token]\naccess_ttl = \"5m\"\n",
            R"(latchkey.toml:2: unknown group "token"; did you mean "tokens"?)"},
           {"nonsense = 1", R"(latchkey.toml:1: unknown setting "nonsense")"},
           {"access_ttl = \"5m\"", R"(did you mean "tokens.access_ttl"?)"},
           {"[tokens]\naccess_ttl = 900\n", "latchkey.toml:2: tokens.access_ttl must be a string in quotes"},
           {"[tokens]\naccess_ttl = \"15\"\n",
            "latchkey.toml:2: tokens.access_ttl must be a duration with its unit (ms, s, m, h, d) from "
            "1s to 1d, not \"15\""},
           {"[password]\n\nmin_length = \"eight\"\n",
            "latchkey.toml:3: password.min_length must be a number without quotes"},
           {"[password]\nmin_length = 8.5\n", "latchkey.toml:2: password.min_length must be a number"},
           {"[password]\nargon2_memory_kib = 63\n",
            "latchkey.toml:2: password.argon2_memory_kib must be a whole number from 64 to 4194304, not "
            "\"63\""},
           {"[password]\nmin_length = 99999999999\n", "latchkey.toml:2: password.min_length must be"},
           {"[limits]\nenabled = \"true\"\n",
            "latchkey.toml:2: limits.enabled must be true or false without quotes"},
           {"[log]\nlevel = \"info\"\nlevel = \"debug\"\n", "latchkey.toml:3: "},
           {"[log]\n[log]\n", "latchkey.toml:2: "},
           {"[tokens\naccess_ttl = \"5m\"\n", "latchkey.toml:1: "},
           {"[http]\ntrusted_proxies = \"10.0.0.0/8\"\n",
            "latchkey.toml:2: http.trusted_proxies must be an array"},
           {"[http]\ntrusted_proxies = [10]\n",
            "latchkey.toml:2: http.trusted_proxies must be an array of strings"},
           {"[http]\ntrusted_proxies = [\"10.0.0.1,10.0.0.2\"]\n",
            "latchkey.toml:2: http.trusted_proxies must be an array"},
           {"[http]\ncors_origins = [\"null\"]\n", "latchkey.toml:2: http.cors_origins must list origins"},
           {"[http]\ncors_origins = [\"https://a.example\", \"*\"]\n",
            "http.cors_origins (https://a.example,*, latchkey.toml:2): * is every origin and stands alone"},
           {"[listen]\nx = 1\n", "latchkey.toml:1: listen must be a string"},
           {"tokens = 1\n", R"(latchkey.toml:1: unknown setting "tokens")"},
           {"[[tokens]]\naccess_ttl = \"5m\"\n", R"(latchkey.toml:1: unknown setting "tokens")"},
           {"[tokens.deep]\nx = 1\n", R"(latchkey.toml:1: unknown group "tokens.deep")"},
           {"[tokens]\nrefresh_idle_ttl = \"31d\"\n",
            "tokens.refresh_idle_ttl (31d, latchkey.toml:2) must not be more than "
            "tokens.refresh_absolute_ttl (30d, default)"},
           {"data_dir = \"a\\u0000b\"\n", "latchkey.toml:1: data_dir must be a path"}}) {
    EXPECT_TRUE(contains(refusal_of_file(toml), expected)) << expected << "\n--\n" << refusal_of_file(toml);
  }
}

TEST(Load, tells_everything_that_is_wrong_in_the_order_of_the_file) {
  const std::string told = refusal_of_file("zzz = 1\n[tokens]\nx = 1\n[admin]\ny = 1\n");
  const std::size_t first = told.find(":1:");
  const std::size_t second = told.find(":3:");
  const std::size_t third = told.find(":5:");
  EXPECT_LT(first, second) << told;
  EXPECT_LT(second, third) << told;
  EXPECT_NE(third, std::string::npos) << told;
}

TEST(Load, F01_no_refusal_quotes_a_secret) {
  for (const std::string_view toml : {"[admin]\npassword = hunter2\n",
                                      "[admin]\npassword = \"hunter2\n",
                                      "[admin]\npassword = 'hunter2\n",
                                      "[admin]\npassword = truehunter2\n",
                                      "[admin]\npassword = fhunter2\n",
                                      "[admin]\npassword = nhunter2\n",
                                      "[admin]\npassword = 0xhunter2\n",
                                      "[admin]\npassword = \"\\uhunter2\"\n",
                                      "[admin]\npassword = 1hunter2\n",
                                      "master_secret = \"hunter2\"\n",
                                      "master_secret = [\"hunter2\"]\n",
                                      "[mail]\nsmtp_password = \"hunter2\\n\"\n",
                                      "database_url = \"mysql://u:hunter2@h/d\"\n",
                                      "[admin]\npassword = \"hunter2\"\n",
                                      "master_secret_previous = { x = \"hunter2\" }\n",
                                      "[mail]\nsmtp_url = \"smtp://u:hunter2@h:25\"\n",
                                      "[mail]\nsmtp_url = \"u:hunter2@h:25\"\n",
                                      "[mail]\nsmtp_url = \"smtp://u:hunter2/@x@h:25\"\n",
                                      "public_url = \"https://u:hunter2@h\"\n",
                                      "[http]\ncors_origins = [\"https://u:hunter2@h\"]\n",
                                      "listen = \"u:hunter2@h:1\"\n"}) {
    const std::string told = refusal_of_file(toml);
    EXPECT_NE(told, "loaded") << toml;
    EXPECT_FALSE(contains(told, "unter")) << told;
  }
  EXPECT_FALSE(contains(refusal_of_file("[admin]\npassword = 123456789012345678901234567890\n"), "123456"));
  EXPECT_FALSE(contains(refusal_of_variable("LATCHKEY_MASTER_SECRET", "hunter2"), "hunter2"));
  EXPECT_FALSE(contains(refusal_of_variable("LATCHKEY_NONSENSE", "hunter2"), "hunter2"));
}

TEST(Load, K05_unknown_variables_are_refused_with_what_was_meant) {
  EXPECT_TRUE(contains(
      refusal_of_variable("LATCHKEY_TOKENS_ACCES_TTL", "5m"),
      "environment LATCHKEY_TOKENS_ACCES_TTL: unknown setting; did you mean LATCHKEY_TOKENS_ACCESS_TTL?"));
  EXPECT_TRUE(
      contains(refusal_of_variable("LATCHKEY_MAIL_SMTP_URI", "x"), "did you mean LATCHKEY_MAIL_SMTP_URL?"));
  EXPECT_TRUE(contains(refusal_of_variable("LATCHKEY_LISTN", "x"), "did you mean LATCHKEY_LISTEN?"));
  EXPECT_TRUE(contains(refusal_of_variable("LATCHKEY_NONSENSE", "1"),
                       "environment LATCHKEY_NONSENSE: unknown setting\n"));
  EXPECT_TRUE(
      contains(refusal_of_variable("LATCHKEY_TOKENS", "1"), "environment LATCHKEY_TOKENS: unknown setting"));
  EXPECT_TRUE(contains(refusal_of_variable("LATCHKEY_", "1"), "environment LATCHKEY_: unknown setting"));
  for (const char* name :
       {"LATCHKEY_TEST_CLOCK_FILE", "LATCHKEY_VECTORS", "LATCHKEY_BIN", "LATCHKEYS", "latchkey_listen"}) {
    EXPECT_EQ(refusal_of_variable(name, "x"), "loaded") << name;
  }
}

TEST(Load, a_bad_variable_is_refused_with_its_name) {
  EXPECT_TRUE(contains(refusal_of_variable("LATCHKEY_TOKENS_ACCESS_TTL", "15"),
                       "environment LATCHKEY_TOKENS_ACCESS_TTL: tokens.access_ttl must be a duration"));
  EXPECT_TRUE(contains(refusal_of_variable("LATCHKEY_LISTEN", "\xff"), "must be valid UTF-8"));
}

TEST(Load, F22_an_empty_variable_of_any_setting_is_not_set) {
  const WorkingFolder folder;
  WorkingFolder::write("latchkey.toml",
                       "[tokens]\naccess_ttl = \"5m\"\n[http]\ncors_origins = [\"https://a.example\"]\n");
  Sources sources;
  for (const Knob& knob : knobs()) sources.environment.emplace_back(environment_name(knob), "");
  const auto loaded = load(sources);
  ASSERT_TRUE(loaded) << refusal(loaded);
  EXPECT_EQ(loaded->settings.tokens.access_ttl, 5min);
  EXPECT_EQ(loaded->settings.http.cors_origins, std::vector<std::string>{"https://a.example"});
  EXPECT_EQ(std::ranges::count(loaded->origins, "default"), static_cast<std::ptrdiff_t>(knobs().size() - 2));
  // What is empty where somebody wrote it is meant.
  EXPECT_TRUE(contains(refusal_of_file("master_secret = \"\"\n"), "master_secret must not be empty"));
  EXPECT_TRUE(contains(refusal_of_variable("LATCHKEY_NONSENSE", ""), "unknown setting"));
}

TEST(Load, F02_variables_that_containers_are_given_for_a_service_of_our_name_are_left_alone) {
  using Variable = std::pair<std::string, std::string>;
  const std::vector<Variable> given{{"LATCHKEY_SERVICE_HOST", "10.0.0.5"},
                                    {"LATCHKEY_SERVICE_PORT", "8080"},
                                    {"LATCHKEY_SERVICE_PORT_HTTP", "8080"},
                                    {"LATCHKEY_PORT", "tcp://10.0.0.5:8080"},
                                    {"LATCHKEY_PORT_8080_TCP", "tcp://10.0.0.5:8080"},
                                    {"LATCHKEY_PORT_8080_TCP_PROTO", "tcp"},
                                    {"LATCHKEY_PORT_8080_TCP_PORT", "8080"},
                                    {"LATCHKEY_PORT_8080_TCP_ADDR", "10.0.0.5"},
                                    {"LATCHKEY_PORT_53_UDP", "udp://10.0.0.5:53"},
                                    {"LATCHKEY_METRICS_SERVICE_HOST", "10.0.0.6"},
                                    {"LATCHKEY_METRICS_PORT", "tcp://10.0.0.6:9090"},
                                    {"LATCHKEY_METRICS_PORT_9090_TCP_ADDR", "10.0.0.6"},
                                    {"LATCHKEY_NAME", "/app/latchkey"},
                                    {"LATCHKEY_ENV_X", "hunter2"},
                                    {"LATCHKEY_ENV_LATCHKEY_MASTER_SECRET", "hunter2"}};
  const WorkingFolder folder;
  Sources sources;
  sources.environment = given;
  const auto loaded = load(sources);
  ASSERT_TRUE(loaded) << refusal(loaded);
  EXPECT_EQ(loaded->origins, std::vector<std::string>(knobs().size(), "default"));
  std::vector<std::string> names;
  for (const auto& [name, value] : given) names.push_back(name);
  EXPECT_EQ(loaded->left_alone, names);

  for (const auto& [name, value] :
       {Variable{"LATCHKEY_PORT", "8080"}, Variable{"LATCHKEY_NAME", "latchkey"},
        Variable{"LATCHKEY_PORT_TCP", "1"}, Variable{"LATCHKEY_PORT_80_TCPX", "1"},
        Variable{"LATCHKEY_MAIL_SMTP_PORT", "25"}, Variable{"LATCHKEY_ENV", "prod"},
        Variable{"LATCHKEY_SERVICE", "x"}, Variable{"LATCHKEY_EXPORT_1_TCP", "x"}}) {
    EXPECT_TRUE(contains(refusal_of_variable(name, value), name + ": unknown setting")) << name;
  }
}

TEST(Load, no_setting_looks_like_such_a_variable) {
  for (const Knob& knob : knobs()) {
    for (const char* value : {"", "tcp://10.0.0.5:8080", "/app/latchkey"})
      EXPECT_FALSE(is_container_variable(environment_name(knob), value)) << knob.name;
  }
}

TEST(Load, F11_a_working_directory_that_may_not_be_entered_has_no_file) {
  const WorkingFolder folder;
  if (::geteuid() == 0)
    GTEST_SKIP() << "root may enter any; tests/api/test_settings_sources.py has it as another user";
  WorkingFolder::write("latchkey.toml", "threads = 3");
  ASSERT_EQ(::chmod(folder.path().c_str(), 0), 0);
  const auto loaded = load({});
  ASSERT_EQ(::chmod(folder.path().c_str(), 0700), 0);
  ASSERT_TRUE(loaded) << refusal(loaded);
  EXPECT_FALSE(loaded->config_file);
}

TEST(Load, lists_in_variables_are_separated_by_commas) {
  const WorkingFolder folder;
  Sources sources;
  sources.environment = {{"LATCHKEY_HTTP_CORS_ORIGINS", "https://a.example, https://b.example"}};
  EXPECT_EQ(load(sources)->settings.http.cors_origins,
            (std::vector<std::string>{"https://a.example", "https://b.example"}));
  sources.environment = {{"LATCHKEY_HTTP_CORS_ORIGINS", ""}};
  EXPECT_TRUE(load(sources)->settings.http.cors_origins.empty());
}

TEST(Load, flags_are_known_settings_and_no_secrets) {
  const WorkingFolder folder;
  Sources sources;
  sources.flags = {{"tokens.acces_ttl", "5m"}};
  EXPECT_TRUE(contains(refusal(load(sources)),
                       "flag --tokens.acces_ttl: unknown setting; did you mean --tokens.access_ttl?"));
  sources.flags = {{"admin.password", "hunter2"}};
  EXPECT_TRUE(contains(refusal(load(sources)), "flag --admin.password: secrets have no flag"));
  EXPECT_FALSE(contains(refusal(load(sources)), "hunter2"));
}

TEST(Load, K02_a_file_with_secrets_that_others_can_read_is_refused) {
  const WorkingFolder folder;
  const std::string_view secret =
      "[mail]\nsmtp_url = \"smtps://m.example\"\nfrom = \"a@b.example\"\nsmtp_user = \"u\"\nsmtp_password = "
      "\"word\"\n";
  for (const mode_t mode : {0644, 0640, 0604, 0660, 0601, 0620}) {
    WorkingFolder::write("latchkey.toml", secret, mode);
    const std::string told = refusal(load({}));
    EXPECT_TRUE(contains(told, "latchkey.toml holds mail.smtp_password, but others can access it (mode 0"))
        << told;
    EXPECT_TRUE(contains(told, "chmod 600 latchkey.toml")) << told;
  }
  for (const mode_t mode : {0600, 0400, 0700}) {
    WorkingFolder::write("latchkey.toml", secret, mode);
    EXPECT_EQ(refusal(load({})), "loaded") << mode;
  }
  WorkingFolder::write("latchkey.toml", "threads = 1\n", 0644);
  EXPECT_EQ(refusal(load({})), "loaded");
}

TEST(Load, K02_a_file_with_secrets_of_another_user_is_refused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const WorkingFolder folder;
  WorkingFolder::write("latchkey.toml", "[admin]\nemail = \"a@b.example\"\npassword = \"word\"\n");
  ASSERT_EQ(::chown("latchkey.toml", 12345, 12345), 0);
  EXPECT_TRUE(
      contains(refusal(load({})), "but it belongs to another user (id 12345): run chown 0 latchkey.toml"));
}

TEST(Load, a_file_that_is_no_file_is_refused) {
  const WorkingFolder folder;
  Sources sources;
  sources.config_file = ".";
  EXPECT_TRUE(contains(refusal(load(sources)), "is not a regular file"));
  ASSERT_EQ(::mkfifo("pipe", 0600), 0);
  sources.config_file = "pipe";
  EXPECT_TRUE(contains(refusal(load(sources)), "is not a regular file"));
  WorkingFolder::write("huge", std::string(2 << 20, '#'));
  sources.config_file = "huge";
  EXPECT_TRUE(contains(refusal(load(sources)), "larger than a megabyte"));
  std::filesystem::create_symlink("nowhere", "latchkey.toml");
  EXPECT_TRUE(contains(refusal(load({})), "latchkey.toml: cannot be opened"));
}

}  // namespace
}  // namespace latchkey::settings
