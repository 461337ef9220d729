#include "base/periodic.h"

#include <pthread.h>

#include <exception>
#include <utility>

#include "base/log.h"

namespace latchkey {

Periodic::Periodic(std::string name, Pause every, std::function<void()> function)
    : name_(std::move(name)), every_(every), function_(std::move(function)), next_(every) {}

void Periodic::start() {
  thread_ = std::thread([this] { run(); });
}

void Periodic::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Periodic::pause(Pause time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return stopping_; });
}

void Periodic::run() {
  constexpr std::size_t kept_of_a_name = 15;
  pthread_setname_np(pthread_self(), name_.substr(0, kept_of_a_name).c_str());
  while (pause(std::exchange(next_, every_))) {
    try {
      function_();
    } catch (const std::exception& error) {
      log::warn(name_ + ".failed", {{"error", error.what()}});
    }
  }
}

bool Due::at(Timestamp now) {
  if (last_.has_value() && now - *last_ < every_ && now >= *last_) return false;
  last_ = now;
  return true;
}

}  // namespace latchkey
