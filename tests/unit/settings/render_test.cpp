#include "settings/render.h"

#include <gtest/gtest.h>

#include "settings/knobs.h"
#include "unit/settings/fixtures.h"

namespace latchkey::settings {
namespace {

TEST(Render, config_is_a_file_that_loads_to_the_same_settings) {
  const WorkingFolder folder;
  Sources sources;
  sources.environment = {
      {"LATCHKEY_TOKENS_ACCESS_TTL", "7m"},      {"LATCHKEY_DATA_DIR", "a \"quoted\"\\ folder"},
      {"LATCHKEY_MAIL_FROM", "Ü <a@b.example>"}, {"LATCHKEY_HTTP_TRUSTED_PROXIES", "10.0.0.0/8,::1"},
      {"LATCHKEY_LIMITS_ENABLED", "false"},      {"LATCHKEY_MANAGEMENT_LISTEN", "127.0.0.1:9090"}};
  const auto before = load(sources);
  ASSERT_TRUE(before) << refusal(before);
  WorkingFolder::write("latchkey.toml", render_config(*before), 0644);
  const auto after = load({});
  ASSERT_TRUE(after) << refusal(after) << render_config(*before);
  for (const Knob& knob : knobs())
    EXPECT_EQ(knob.read(after->settings), knob.read(before->settings)) << knob.name;
}

TEST(Render, config_shows_origins_and_no_secret) {
  const WorkingFolder folder;
  Sources sources;
  sources.environment = {{"LATCHKEY_MASTER_SECRET", std::string(good_secret)},
                         {"LATCHKEY_ADMIN_PASSWORD", "hunter2"},
                         {"LATCHKEY_ADMIN_EMAIL", "a@b.example"}};
  const std::string shown = render_config(*load(sources));
  EXPECT_FALSE(contains(shown, good_secret));
  EXPECT_FALSE(contains(shown, "hunter2"));
  EXPECT_TRUE(contains(shown, "# master_secret = (set)  # environment LATCHKEY_MASTER_SECRET\n"));
  EXPECT_TRUE(contains(shown, "# smtp_password = (not set)  # default\n"));
  EXPECT_TRUE(contains(shown, "\n[tokens]\naccess_ttl = \"15m\"  # default\n")) << shown;
}

TEST(Render, help_and_reference_name_every_setting) {
  const std::string help = render_help();
  const std::string reference = render_reference_markdown();
  for (const Knob& knob : knobs()) {
    EXPECT_TRUE(contains(help, knob.secret ? environment_name(knob) : flag_name(knob))) << knob.name;
    EXPECT_TRUE(contains(reference, "| `" + std::string(knob.name) + "` |")) << knob.name;
    EXPECT_TRUE(contains(reference, knob.meaning)) << knob.name;
  }
  for (std::size_t at = 0; at < help.size();) {
    const std::size_t end = std::min(help.find('\n', at), help.size());
    EXPECT_LE(end - at, 120U) << help.substr(at, end - at);
    at = end + 1;
  }
}

}  // namespace
}  // namespace latchkey::settings
