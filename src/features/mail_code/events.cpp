#include "features/mail_code/events.h"

namespace latchkey::features::mail_code::events {
namespace {

constinit metrics::Counter asked;

constexpr metrics::Family families[] = {
    {"latchkey_sign_in_codes_total", "Mails with a code for signing in that were asked for.", {&asked}},
};

}  // namespace

constinit const flow::Event code_asked{.name = "sign_in_code_asked", .counted = {{flow::ok, &asked}}};

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::mail_code::events
