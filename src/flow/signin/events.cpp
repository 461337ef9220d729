#include "flow/signin/events.h"

namespace latchkey::flow::signin::events {
namespace {

using enum ErrorCode;

constinit metrics::Counter signed_in{R"(outcome="ok")"};
constinit metrics::Counter invalid{R"(outcome="invalid")"};
constinit metrics::Counter step_missing{R"(outcome="step_missing")"};
constinit metrics::Counter unconfirmed{R"(outcome="unconfirmed")"};
constinit metrics::Counter blocked{R"(outcome="blocked")"};
constinit metrics::Counter limited{R"(outcome="limited")"};
constinit metrics::Counter busy{R"(outcome="overloaded")"};

constinit metrics::Counter closed_to_unknown{R"(to="unknown_devices")"};
constinit metrics::Counter closed_to_known{R"(to="known_device")"};

constinit metrics::Counter apps_closed{""};

}  // namespace

constinit const Event sign_in{.name = "sign_in",
                              .counted = {{ok, &signed_in},
                                          {email_not_confirmed, &unconfirmed},
                                          {account_blocked, &blocked},
                                          {too_many_attempts, &limited},
                                          {overloaded, &busy},
                                          {second_factor_required, &step_missing},
                                          {password_required, &step_missing},
                                          {factor_enrolment_required, &step_missing},
                                          {new_password_required, &step_missing},
                                          {account_deletion_scheduled, &step_missing}},
                              .otherwise = &invalid};
constinit const Event proved_again{.name = "sudo"};
constinit const Event factor_found{.name = "factor_removal_stopped"};
constinit const Event confirmed_by_code{.name = "email_confirmed"};
constinit const Event password_closed{
    .name = "password_closed",
    .counted = {{to_unknown_devices, &closed_to_unknown}, {to_known_device, &closed_to_known}},
    .line = {.name = "sign_in.password_closed", .level = log::Level::warn}};

constinit const Event factor_closed{.name = "factor_closed",
                                    .counted = {{ok, &apps_closed}},
                                    .line = {.name = "sign_in.factor_closed", .level = log::Level::warn}};

constinit const Event passkey_counter{.name = "passkey_counter",
                                      .line = {.name = "sign_in.passkey_counter", .level = log::Level::warn}};

metrics::Families families() {
  static constexpr metrics::Family list[] = {
      {"latchkey_sign_ins_total",
       "Sign-ins by outcome.",
       {&signed_in, &step_missing, &invalid, &unconfirmed, &blocked, &limited, &busy}},
      {"latchkey_passwords_closed_total",
       "Passwords that are refused since a hundred wrong ones in a row, by whom they are refused to.",
       {&closed_to_unknown, &closed_to_known}},
      {"latchkey_factors_closed_total",
       "Authenticator apps that are refused since a hundred wrong codes in a row.",
       {&apps_closed}},
  };
  return list;
}

}  // namespace latchkey::flow::signin::events
