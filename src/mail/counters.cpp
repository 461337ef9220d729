#include "mail/counters.h"

namespace latchkey::mail::counters {

constinit metrics::Counter queued{R"(outcome="queued")"};
constinit metrics::Counter sent{R"(outcome="sent")"};
constinit metrics::Counter retried{R"(outcome="retried")"};
constinit metrics::Counter put_aside{R"(outcome="put_aside")"};
constinit metrics::Counter dropped{R"(outcome="dropped")"};
constinit metrics::Counter withheld{R"(outcome="withheld")"};
constinit metrics::Gauge outbox_length;
constinit metrics::Timing delivery_seconds;

metrics::Families families() {
  static constexpr metrics::Family list[] = {
      {"latchkey_mails_total",
       "Mails by outcome.",
       {&queued, &sent, &retried, &put_aside, &dropped, &withheld}},
      {"latchkey_mail_outbox_length",
       "Mails waiting to be sent or put aside, as counted a moment ago.",
       {&outbox_length}},
      {"latchkey_mail_delivery_seconds", "Time of one delivery to the mail server.", {&delivery_seconds}},
  };
  return list;
}

}  // namespace latchkey::mail::counters
