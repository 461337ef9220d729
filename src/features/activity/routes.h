#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/described.h"
#include "api/user_response.h"

/// What an owner sees of a history, and of everything else.
namespace latchkey::features::activity {

struct ActivityResponse {
  Timestamp at;
  std::string event;
  std::string result;
  std::string_view by;
  std::string address;
  std::string detail;
};
constexpr auto describe(const ActivityResponse*) {
  return api::object(
      "Activity", api::member("at", &ActivityResponse::at), api::member("event", &ActivityResponse::event),
      api::member("result", &ActivityResponse::result, {.meaning = "\"ok\", or the code of the refusal"}),
      api::member("by", &ActivityResponse::by,
                  {.meaning = "owner, administrator, operator, system, or unknown: nobody was signed in"}),
      api::member("address", &ActivityResponse::address, {.meaning = "the IP address, where it is known"}),
      api::member("detail", &ActivityResponse::detail));
}

struct ExportedSession {
  Timestamp created_at;
  Timestamp last_used_at;
  std::string address;
  std::string user_agent;
};
constexpr auto describe(const ExportedSession*) {
  return api::object("ExportedSession", api::member("created_at", &ExportedSession::created_at),
                     api::member("last_used_at", &ExportedSession::last_used_at),
                     api::member("address", &ExportedSession::address),
                     api::member("user_agent", &ExportedSession::user_agent));
}

struct ExportedDevice {
  Timestamp first_seen_at;
  Timestamp last_seen_at;
};
constexpr auto describe(const ExportedDevice*) {
  return api::object("ExportedDevice", api::member("first_seen_at", &ExportedDevice::first_seen_at),
                     api::member("last_seen_at", &ExportedDevice::last_seen_at));
}

struct ExportedApp {
  Timestamp created_at;
  Timestamp last_used_at;
};
constexpr auto describe(const ExportedApp*) {
  return api::object("ExportedAuthenticatorApp", api::member("created_at", &ExportedApp::created_at),
                     api::member("last_used_at", &ExportedApp::last_used_at));
}

struct ExportedPasskey {
  std::string name;
  std::string transports;
  bool is_backed_up = false;
  Timestamp created_at;
  Timestamp last_used_at;
};
constexpr auto describe(const ExportedPasskey*) {
  return api::object("ExportedPasskey", api::member("name", &ExportedPasskey::name),
                     api::member("transports", &ExportedPasskey::transports),
                     api::member("is_backed_up", &ExportedPasskey::is_backed_up),
                     api::member("created_at", &ExportedPasskey::created_at),
                     api::member("last_used_at", &ExportedPasskey::last_used_at));
}

struct ExportedPlan {
  std::string kind;
  Timestamp made_at;
  Timestamp due_at;
};
constexpr auto describe(const ExportedPlan*) {
  return api::object("ExportedPlan", api::member("kind", &ExportedPlan::kind),
                     api::member("made_at", &ExportedPlan::made_at),
                     api::member("due_at", &ExportedPlan::due_at));
}

struct ExportResponse {
  std::string_view format;
  std::int64_t version = 1;
  Timestamp exported_at;
  std::string subject;
  api::UserResponse user;
  std::string language;
  std::optional<Timestamp> last_sign_in_at;
  std::vector<ExportedSession> sessions;
  std::vector<ExportedDevice> devices;
  std::vector<ExportedApp> authenticator_apps;
  std::vector<ExportedPasskey> passkeys;
  std::int64_t recovery_codes_left = 0;
  std::vector<ExportedPlan> scheduled;
  std::vector<ActivityResponse> activity;
  bool activity_is_whole = true;
};
constexpr auto describe(const ExportResponse*) {
  return api::object(
      "Export", api::member("format", &ExportResponse::format, {.constant = "latchkey-account"}),
      api::member("version", &ExportResponse::version),
      api::member("exported_at", &ExportResponse::exported_at),
      api::member("subject", &ExportResponse::subject, {.meaning = "the `sub` of tokens"}),
      api::member("user", &ExportResponse::user), api::member("language", &ExportResponse::language),
      api::member("last_sign_in_at", &ExportResponse::last_sign_in_at),
      api::member("sessions", &ExportResponse::sessions, {.meaning = "live ones"}),
      api::member("devices", &ExportResponse::devices, {.meaning = "networks where the account was used"}),
      api::member("authenticator_apps", &ExportResponse::authenticator_apps),
      api::member("passkeys", &ExportResponse::passkeys),
      api::member("recovery_codes_left", &ExportResponse::recovery_codes_left),
      api::member("scheduled", &ExportResponse::scheduled,
                  {.meaning = "what happens to the account unless somebody stops it"}),
      api::member("activity", &ExportResponse::activity, {.meaning = "of ninety days, the newest first"}),
      api::member("activity_is_whole", &ExportResponse::activity_is_whole,
                  {.meaning = "false: `activity` has the newest entries; `/api/users/me/activity` has all"}));
}

}  // namespace latchkey::features::activity
