#include "base/periodic.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <semaphore>
#include <stdexcept>
#include <vector>

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

TEST(Periodic, CallsAgainAndAgainOnAThreadOfThatNameUntilItIsStopped) {
  std::atomic<int> calls{0};
  std::atomic<bool> named{false};
  std::counting_semaphore<> called(0);
  Periodic periodic("a-name-of-more-than-fifteen", 1ms, [&] {
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    named = std::string_view(name.data()) == "a-name-of-more-";
    ++calls;
    called.release();
  });
  EXPECT_EQ(calls, 0) << "not before it is started";
  periodic.start();
  for (int i = 0; i < 3; ++i) called.acquire();
  periodic.stop();
  const int until_then = calls;
  EXPECT_GE(until_then, 3);
  EXPECT_TRUE(named);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(calls, until_then);
}

TEST(Periodic, PausesBeforeTheFirstCallAndAfterTheEndOfEach) {
  std::counting_semaphore<> called(0);
  std::vector<SteadyClock::time_point> begun;
  std::vector<SteadyClock::time_point> ended;
  Periodic periodic("test", 40ms, [&] {
    begun.push_back(SteadyClock::now());
    std::this_thread::sleep_for(20ms);
    ended.push_back(SteadyClock::now());
    called.release();
  });
  const auto started = SteadyClock::now();
  periodic.start();
  for (int i = 0; i < 3; ++i) called.acquire();
  periodic.stop();
  EXPECT_GE(begun[0] - started, 40ms);
  EXPECT_GE(begun[1] - ended[0], 40ms);
  EXPECT_GE(begun[2] - ended[1], 40ms);
}

TEST(Periodic, AnExceptionEndsNothing) {
  std::counting_semaphore<> called(0);
  Periodic periodic("test", 1ms, [&] {
    called.release();
    throw std::runtime_error("again and again");
  });
  periodic.start();
  for (int i = 0; i < 3; ++i) called.acquire();
}

TEST(Periodic, StopsAtOnceInTheMiddleOfAPause) {
  const auto begun = SteadyClock::now();
  Periodic periodic("test", 1h, [] {});
  periodic.start();
  periodic.stop();
  EXPECT_LT(SteadyClock::now() - begun, 10s);
  periodic.stop();  // a second time, and once more when it goes
}

TEST(Periodic, StopWaitsForTheCallUnderWayAndEndsItsPauses) {
  std::binary_semaphore begun(0);
  std::atomic<bool> went_on{true};
  std::atomic<bool> ended{false};
  Periodic periodic("test", 1ms, [&] {
    begun.release();
    went_on = periodic.pause(1h);
    std::this_thread::sleep_for(30ms);
    ended = true;
  });
  periodic.start();
  begun.acquire();
  periodic.stop();
  EXPECT_FALSE(went_on);
  EXPECT_TRUE(ended);
}

TEST(Periodic, PausesOfWorkThatAnotherThreadDoesAreOrdinaryOnesUntilItIsStopped) {
  Periodic periodic("test", 1h, [] {});
  EXPECT_TRUE(periodic.pause(1ms)) << "it was never started";
  periodic.stop();
  EXPECT_FALSE(periodic.pause(1h));
}

TEST(Periodic, TheFunctionMayAskForItsNextCallAndOnlyForThat) {
  std::counting_semaphore<> called(0);
  std::vector<SteadyClock::time_point> calls;
  Periodic periodic("test", 1ms, [&] {
    calls.push_back(SteadyClock::now());
    if (calls.size() == 1) periodic.call_again_in(60ms);
    called.release();
  });
  periodic.start();
  for (int i = 0; i < 10; ++i) called.acquire();
  periodic.stop();
  EXPECT_GE(calls[1] - calls[0], 60ms);
  auto shortest = SteadyClock::duration::max();
  for (std::size_t i = 2; i < calls.size(); ++i) shortest = std::min(shortest, calls[i] - calls[i - 1]);
  EXPECT_LT(shortest, 60ms);
}

TEST(Due, IsDueAtFirstAndThenOnceInAWhileAlsoWhereAClockIsSetBack) {
  Due due(15s);
  Timestamp now{std::chrono::sys_days{std::chrono::January / 1 / 2030}};
  EXPECT_TRUE(due.at(now));
  EXPECT_FALSE(due.at(now));
  EXPECT_FALSE(due.at(now + 14'999'999us));
  EXPECT_TRUE(due.at(now + 15s));
  EXPECT_FALSE(due.at(now + 29s));
  EXPECT_TRUE(due.at(now + 31s)) << "late";
  EXPECT_FALSE(due.at(now + 45s)) << "reckoned from then";
  EXPECT_TRUE(due.at(now - 1h)) << "the clock was set back";
  EXPECT_FALSE(due.at(now - 1h + 14s));
  EXPECT_TRUE(due.at(now - 1h + 15s));
  Due early(15s);
  EXPECT_TRUE(early.at(Timestamp{})) << "a machine without a battery";
  EXPECT_FALSE(early.at(Timestamp{} + 1s));
}

}  // namespace
}  // namespace latchkey
