#include "app/stop_signal.h"

#include <csignal>

#include <unistd.h>

#include "base/log.h"

namespace latchkey::app {
namespace {

sigset_t signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, number);
  return set;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t set = signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void StopSignal::wait() {
  const sigset_t set = signals();
  for (;;) {
    int number = 0;
    if (::sigwait(&set, &number) != 0) continue;
    if (number != SIGHUP) return;
    log::warn("signal.ignored",
              {{"signal", "SIGHUP"}, {"hint", "settings are read at start: restart to change them"}});
  }
}

void StopSignal::request() { ::kill(::getpid(), SIGTERM); }

void StopSignal::end_at_next() {
  // The default action of a signal that is not blocked: this thread takes it.
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace latchkey::app
