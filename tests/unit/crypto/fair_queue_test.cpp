#include "crypto/password/fair_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::crypto::password {
namespace {

struct NamedJob final : HashJob {
  explicit NamedJob(std::string of) : name(std::move(of)) {}
  void run(HashArena&) noexcept override {}
  void complete() noexcept override {}
  std::string name;
};

ClientNetwork at(const std::string& address) { return ClientNetwork::of(address); }

/// A queue of jobs that are named after the address of their client.
struct Queue : FairQueue {
  using FairQueue::FairQueue;
  /// The name of the job that has no place; empty: none.
  std::string add(const std::string& address) {
    const auto refused = push(at(address), std::make_unique<NamedJob>(address));
    return refused == nullptr ? "" : static_cast<const NamedJob&>(*refused).name;
  }
  int add(const std::string& address, int times) {
    int taken = 0;
    for (int i = 0; i < times; ++i) taken += add(address).empty() ? 1 : 0;
    return taken;
  }
  std::string begin_next() {
    const Turn turn = take();
    return static_cast<const NamedJob&>(*turn.job).name;
  }
  std::string serve_next(Microseconds took = Microseconds{1}) {
    const std::string name = begin_next();
    finish(at(name), took);
    return name;
  }
  bool has_room_for(const std::string& address) const { return has_room(at(address)); }
};

TEST(FairQueue, F34_a_crowd_of_one_address_waits_for_itself) {
  Queue queue(200);
  EXPECT_EQ(queue.add("192.0.2.1", 160), 150) << "three quarters of the places are the share of one";
  EXPECT_FALSE(queue.has_room_for("192.0.2.1"));
  EXPECT_EQ(queue.serve_next(), "192.0.2.1");
  EXPECT_EQ(queue.serve_next(), "192.0.2.1");
  EXPECT_TRUE(queue.has_room_for("198.51.100.7"));
  EXPECT_EQ(queue.add("198.51.100.7"), "");
  EXPECT_EQ(queue.serve_next(), "198.51.100.7") << "the next one, whoever waits";
  EXPECT_EQ(queue.size(), 148U);
}

TEST(FairQueue, F34_clients_take_turns) {
  Queue queue(100);
  queue.add("192.0.2.1", 20);
  queue.add("192.0.2.2", 3);
  queue.add("192.0.2.3", 2);
  std::string order;
  for (int i = 0; i < 9; ++i) order += queue.serve_next().back();
  EXPECT_EQ(order, "123123121");
}

TEST(FairQueue, F34_an_endless_row_of_newcomers_does_not_stop_those_that_wait) {
  Queue queue(100);
  queue.add("192.0.2.1", 20);
  EXPECT_EQ(queue.serve_next(), "192.0.2.1");
  for (int round = 0; round < 3; ++round) {
    int before_the_next = 0;
    for (int i = 0;; ++i) {
      queue.add("198.51.100." + std::to_string(i % 250));
      if (queue.serve_next() == "192.0.2.1") break;
      ++before_the_next;
    }
    // When it came, it was a newcomer itself.
    EXPECT_EQ(before_the_next, FairQueue::most_newcomers - (round == 0 ? 1 : 0));
  }
}

TEST(FairQueue, F34_a_newcomer_takes_the_place_of_whoever_has_most) {
  Queue queue(8);
  EXPECT_EQ(queue.add("192.0.2.1", 6), 6);
  EXPECT_EQ(queue.add("192.0.2.2", 2), 2);
  EXPECT_TRUE(queue.has_room_for("192.0.2.3"));
  EXPECT_EQ(queue.add("192.0.2.3"), "192.0.2.1");
  EXPECT_EQ(queue.add("192.0.2.3"), "192.0.2.1");
  EXPECT_EQ(queue.add("192.0.2.2"), "192.0.2.1");
  EXPECT_FALSE(queue.has_room_for("192.0.2.2")) << "3, 3 and 2 are as equal as it gets";
  EXPECT_FALSE(queue.has_room_for("192.0.2.3"));
  EXPECT_EQ(queue.add("192.0.2.2"), "192.0.2.2") << "refused itself";
  EXPECT_EQ(queue.size(), 8U);
}

TEST(FairQueue, F34_only_as_many_others_as_there_are_places_refuse_somebody) {
  Queue queue(50);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(queue.add("192.0.2." + std::to_string(i)), "");
  EXPECT_FALSE(queue.has_room_for("198.51.100.7"));
  queue.serve_next();
  EXPECT_TRUE(queue.has_room_for("198.51.100.7"));
}

TEST(FairQueue, F34_whoever_has_a_whole_ipv6_48_has_one_share) {
  Queue queue(100);
  const auto network = [](int i) { return "2001:db8:1:" + std::to_string(i) + "::1"; };
  int taken = 0;
  for (int i = 0; i < 200; ++i) taken += queue.add(network(i % 100)).empty() ? 1 : 0;
  EXPECT_EQ(taken, 75);
  queue.serve_next();
  queue.add("192.0.2.1", 2);
  queue.add("2001:db8:2::1", 2);
  int of_the_48 = 0;
  for (int i = 0; i < 6; ++i) of_the_48 += queue.serve_next().starts_with("2001:db8:1:") ? 1 : 0;
  EXPECT_EQ(of_the_48, 2) << "a third of the turns";
}

TEST(FairQueue, F34_the_networks_of_a_48_share_its_places_and_turns) {
  Queue queue(40);
  queue.add("2001:db8:1:1::1", 30);
  EXPECT_FALSE(queue.has_room_for("2001:db8:1:1::2")) << "the same /64";
  EXPECT_EQ(queue.add("2001:db8:1:2::1"), "2001:db8:1:1::1");
  EXPECT_EQ(queue.add("2001:db8:1:2::1"), "2001:db8:1:1::1");
  EXPECT_EQ(queue.size(), 30U);
  int of_the_few = 0;
  for (int i = 0; i < 4; ++i) of_the_few += queue.serve_next().starts_with("2001:db8:1:2:") ? 1 : 0;
  EXPECT_EQ(of_the_few, 2);
}

TEST(FairQueue, F33_F34_long_work_costs_later_turns) {
  Queue queue(100);
  queue.add("192.0.2.1", 20);
  queue.add("192.0.2.2", 20);
  EXPECT_EQ(queue.serve_next(10 * FairQueue::fair_turn), "192.0.2.1");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(queue.serve_next(), "192.0.2.2") << i;
  EXPECT_EQ(queue.serve_next(std::chrono::hours(1)), "192.0.2.1");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(queue.serve_next(), "192.0.2.2") << i;
  EXPECT_EQ(queue.serve_next(), "192.0.2.1") << "nobody else waits";
}

TEST(FairQueue, remembers_only_who_waits_or_runs) {
  Queue queue(1000);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) queue.add("198.51.100." + std::to_string(i), 3);
    EXPECT_EQ(queue.client_count(), 200U);
    while (!queue.is_empty()) queue.serve_next();
    EXPECT_EQ(queue.client_count(), 0U);
  }
  queue.add("192.0.2.1", 2);
  const std::string first = queue.begin_next();
  const std::string second = queue.begin_next();
  EXPECT_EQ(queue.client_count(), 1U) << "both run";
  queue.finish(at(first), Microseconds{1});
  queue.finish(at(second), Microseconds{1});
  EXPECT_EQ(queue.client_count(), 0U);
}

TEST(FairQueue, hands_everything_over_at_the_end) {
  Queue queue(100);
  queue.add("192.0.2.1", 5);
  queue.add("192.0.2.2", 5);
  const std::string runs = queue.begin_next();
  EXPECT_EQ(queue.take_all().size(), 9U);
  EXPECT_TRUE(queue.is_empty());
  queue.finish(at(runs), Microseconds{1});
  EXPECT_EQ(queue.client_count(), 0U);
}

TEST(FairQueue, a_queue_of_one_place_works) {
  Queue queue(1);
  EXPECT_EQ(queue.add("192.0.2.1"), "");
  EXPECT_EQ(queue.add("192.0.2.2"), "192.0.2.2");
  EXPECT_EQ(queue.serve_next(), "192.0.2.1");
  EXPECT_EQ(queue.add("192.0.2.2"), "");
}

}  // namespace
}  // namespace latchkey::crypto::password
