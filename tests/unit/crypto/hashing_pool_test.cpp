#include "crypto/password/hashing_pool.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <future>
#include <thread>

#include "base/cores.h"

namespace latchkey::crypto::hashing_pool_test {
namespace {

constexpr password::Argon2Parameters cheap{64, 1, 1};
const ClientNetwork client = ClientNetwork::of("192.0.2.1");
const ClientNetwork another = ClientNetwork::of("198.51.100.7");
/// Slow enough that a job is still running when the test has queued others behind it.
constexpr password::Argon2Parameters slow{65536, 4, 1};

password::TriedPassword tried(std::string_view text) { return {.nfc = Secret(text), .raw = std::nullopt}; }

/// Runs a coroutine on an io_context of its own to its end.
template <class T>
T run_to_end(Task<T> task) {
  asio::io_context io{1};
  std::optional<T> result;
  std::exception_ptr failure;
  auto done = [&](std::exception_ptr thrown, std::optional<T> value) {
    failure = thrown;
    result = std::move(value);
  };
  auto whole = [](Task<T> inner) -> Task<std::optional<T>> { co_return co_await std::move(inner); };
  asio::co_spawn(io, whole(std::move(task)), done);
  io.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

TEST(HashingPool, hashes_and_verifies) {
  password::HashingPool pool{{cheap, 2, 8}};
  const Result<std::string> stored = run_to_end(pool.hash(client, Secret{"correct horse"}));
  ASSERT_TRUE(stored);
  EXPECT_FALSE(password::needs_rehash(*stored, cheap));
  const auto verify = [&](std::string_view password) {
    return run_to_end(pool.verify(client, *stored, tried(password))).value().outcome;
  };
  EXPECT_EQ(verify("correct horse"), password::Verification::matches);
  EXPECT_EQ(verify("wrong horse"), password::Verification::differs);
  EXPECT_EQ(run_to_end(pool.verify(client, "nonsense", tried("x"))).value().outcome,
            password::Verification::unreadable);
  EXPECT_EQ(run_to_end(pool.verify(client, pool.dummy(), tried("x"))).value().outcome,
            password::Verification::differs);
  EXPECT_EQ(pool.queue_length(), 0U);
}

TEST(HashingPool, gives_the_password_back_that_it_was_given) {
  password::HashingPool pool{{cheap, 1, 8}};
  Secret nfc{"fianc\xc3\xa9"};
  const char* const at = nfc.text().data();
  password::TriedPassword password{.nfc = std::move(nfc), .raw = Secret{"fiance\xcc\x81"}};
  const auto checked = run_to_end(pool.verify(client, "nonsense", std::move(password)));
  EXPECT_EQ(checked->tried.nfc.text().data(), at) << "the same memory: nothing was copied";
  EXPECT_EQ(checked->tried.as_sent().text(), "fiance\xcc\x81");
}

TEST(HashingPool, hashes_a_chosen_password_only_if_it_is_strong) {
  password::HashingPool pool{{cheap, 1, 8}};
  const password::Demands demands{.least_guesses_log10 = 5};
  const auto weak = run_to_end(pool.hash_if_good(client, Secret{"password"}, {}, demands));
  ASSERT_TRUE(weak);
  EXPECT_EQ(weak->verdict, password::Verdict::guessable);
  EXPECT_EQ(weak->hash, "");
  const auto own_name =
      run_to_end(pool.hash_if_good(client, Secret{"quixotic.zebra"}, {"quixotic.zebra"}, demands));
  ASSERT_TRUE(own_name);
  EXPECT_EQ(own_name->verdict, password::Verdict::guessable) << "a likely word of this account";
  const auto strong = run_to_end(pool.hash_if_good(client, Secret{"quixotic.zebra"}, {}, demands));
  ASSERT_TRUE(strong);
  EXPECT_EQ(strong->verdict, password::Verdict::good);
  const auto checked = run_to_end(pool.verify(client, strong->hash, tried("quixotic.zebra")));
  EXPECT_EQ(checked.value().outcome, password::Verification::matches);
}

TEST(HashingPool, resumes_on_the_thread_that_awaited) {
  password::HashingPool pool{{cheap, 2, 64}};
  std::vector<std::thread> threads;
  std::atomic<int> astray{0};
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      asio::io_context io{1};
      auto flow = [&]() -> Task<> {
        const auto before = std::this_thread::get_id();
        for (int k = 0; k < 20; ++k) {
          const Result<std::string> stored = co_await pool.hash(client, Secret("x"));
          if (!stored || std::this_thread::get_id() != before) ++astray;
        }
      };
      for (int k = 0; k < 4; ++k) asio::co_spawn(io, flow(), asio::detached);
      io.run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(astray, 0);
}

TEST(HashingPool, L10_refuses_at_once_when_the_queue_is_full) {
  password::HashingPool pool{{slow, 1, 2}};
  asio::io_context io{1};
  std::vector<Result<std::string>> answers;
  auto flow = [&]() -> Task<> {
    Result<std::string> answer = co_await pool.hash(client, Secret("x"));
    answers.push_back(std::move(answer));
  };
  for (int i = 0; i < 20; ++i) asio::co_spawn(io, flow(), asio::detached);
  io.poll();  // all twenty have asked; nobody has waited
  ASSERT_GE(answers.size(), 17U) << "one runs, two wait";
  EXPECT_LE(pool.queue_length(), 2U);
  for (const auto& answer : answers) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::overloaded);
    EXPECT_EQ(answer.error().retry_after, Seconds{1});
  }
  const std::size_t refused = answers.size();
  io.run();
  ASSERT_EQ(answers.size(), 20U);
  for (std::size_t i = refused; i < answers.size(); ++i) EXPECT_TRUE(answers[i]);
  EXPECT_EQ(pool.queue_length(), 0U);
  const Result<std::string> after = run_to_end(pool.hash(client, Secret{"x"}));
  EXPECT_TRUE(after) << "there is room again";
}

TEST(HashingPool, F34_a_storm_of_one_address_does_not_keep_another_one_out) {
  password::HashingPool pool{{slow, 1, 8}};
  asio::io_context io{1};
  std::string order;
  auto flow = [&](ClientNetwork who, char letter) -> Task<> {
    const Result<std::string> answer = co_await pool.hash(who, Secret("x"));
    if (answer) order += letter;
  };
  for (int i = 0; i < 30; ++i) asio::co_spawn(io, flow(client, 's'), asio::detached);
  io.poll();
  EXPECT_FALSE(pool.check_queue(client));
  EXPECT_TRUE(pool.check_queue(another));
  asio::co_spawn(io, flow(another, 'h'), asio::detached);
  io.run();
  ASSERT_GE(order.size(), 7U);
  EXPECT_LE(order.find('h'), 2U) << "behind what ran when it came, and at most what a thread took meanwhile: "
                                 << order;
}

TEST(HashingPool, F34_whoever_is_displaced_is_told_so) {
  password::HashingPool pool{{slow, 1, 4}};
  asio::io_context io{1};
  std::string refused;
  auto flow = [&](ClientNetwork who, char letter) -> Task<> {
    const Result<std::string> answer = co_await pool.hash(who, Secret("x"));
    if (!answer) refused += letter;
  };
  asio::co_spawn(io, flow(client, 's'), asio::detached);
  io.poll();
  while (pool.queue_length() > 0) std::this_thread::yield();  // it runs, and goes on for long
  for (int i = 0; i < 3; ++i) asio::co_spawn(io, flow(client, 's'), asio::detached);
  asio::co_spawn(io, flow(another, 'a'), asio::detached);
  asio::co_spawn(io, flow(ClientNetwork::of("203.0.113.9"), 'n'), asio::detached);
  io.poll();
  EXPECT_EQ(refused, "s") << "no place was free for the last one";
  EXPECT_EQ(pool.queue_length(), 4U);
  pool.stop();
  io.restart();
  io.run();
  EXPECT_EQ(refused.size(), 5U);
}

TEST(HashingPool, stop_answers_those_that_wait) {
  password::HashingPool pool{{slow, 1, 10}};
  asio::io_context io{1};
  int hashed = 0;
  int refused = 0;
  auto flow = [&]() -> Task<> {
    const Result<std::string> answer = co_await pool.hash(client, Secret("x"));
    (answer ? hashed : refused)++;
  };
  for (int i = 0; i < 5; ++i) asio::co_spawn(io, flow(), asio::detached);
  io.poll();
  while (pool.queue_length() > 4) std::this_thread::yield();  // one has been taken
  pool.stop();
  EXPECT_EQ(pool.queue_length(), 0U);
  io.restart();
  io.run();
  EXPECT_EQ(hashed, 1);
  EXPECT_EQ(refused, 4);
  const Result<std::string> late = run_to_end(pool.hash(client, Secret{"x"}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::overloaded);
  pool.stop();
}

TEST(HashingPool, stop_races_with_callers) {
  for (int round = 0; round < 20; ++round) {
    password::HashingPool pool{{cheap, 2, 4}};
    std::atomic<int> answered{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        asio::io_context io{1};
        auto flow = [&]() -> Task<> {
          for (int k = 0; k < 10; ++k) {
            const Result<std::string> answer = co_await pool.hash(client, Secret("x"));
            ++answered;
            static_cast<void>(answer);
          }
        };
        for (int k = 0; k < 3; ++k) asio::co_spawn(io, flow(), asio::detached);
        io.run();
      });
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200 * round));
    pool.stop();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(answered, 60);
  }
}

TEST(HashingPool, failures_of_the_work_reach_the_caller) {
  password::HashingPool pool{
      {password::Argon2Parameters{1, 1, 1}, 1, 4}};  // what no settings would let through
  EXPECT_THROW(static_cast<void>(run_to_end(pool.hash(client, Secret{"x"}))), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(run_to_end(pool.hash(client, Secret{"x"}))), std::invalid_argument)
      << "the thread lives on";
}

/// The pool's arena, as the kernel shows it: the one mapping of that size for which huge pages were asked and
/// which no core file gets. Reads through /proc, so that looking races with nobody.
class ArenaFromOutside {
 public:
  explicit ArenaFromOutside(std::uint64_t size) : size_(size) {
    std::ifstream maps{"/proc/self/smaps"};
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    for (std::string line; std::getline(maps, line);) {
      std::uint64_t number = 0;
      std::uint64_t other = 0;
      if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " rw-p", &number, &other) == 2) {
        start = number;
        end = other;
      }
      const bool is_arena = line.starts_with("VmFlags:") && line.find(" hg") != line.npos &&
                            line.find(" dd") != line.npos && end - start == size;
      if (is_arena) start_ = start;
    }
  }
  bool is_found() const { return start_ != 0; }
  bool is_zero() const {
    std::ifstream memory{"/proc/self/mem", std::ios::binary};
    memory.seekg(static_cast<std::streamoff>(start_));
    std::string bytes(size_, 'x');
    memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    EXPECT_TRUE(memory);
    return bytes.find_first_not_of('\0') == bytes.npos;
  }
  /// Whether it is zero, or is not, before long.
  bool becomes(bool zero) const {
    for (int i = 0; i < 2000; ++i) {
      if (is_zero() == zero) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

 private:
  std::uint64_t start_ = 0;
  std::uint64_t size_;
};

TEST(HashingPool, nothing_of_a_hash_stays_in_memory_once_no_job_waits) {
  password::HashingPool pool{{password::Argon2Parameters{16384, 40, 1}, 1, 4}};
  const ArenaFromOutside arena{16384 * 1024};
  if (!arena.is_found()) GTEST_SKIP() << "this kernel does not tell which memory is the arena";
  EXPECT_TRUE(arena.is_zero());
  std::thread caller{[&] { EXPECT_TRUE(run_to_end(pool.hash(client, Secret{"x"}))); }};
  EXPECT_TRUE(arena.becomes(false)) << "while it hashes";
  caller.join();
  EXPECT_TRUE(arena.becomes(true));
}

TEST(HashingPool, says_how_many_threads_it_has) {
  password::HashingPool pool{{cheap, 0, 0}};
  EXPECT_EQ(pool.thread_count(), usable_cores());
  EXPECT_EQ(pool.parameters(), cheap);
  EXPECT_FALSE(password::needs_rehash(pool.dummy(), cheap));
}

}  // namespace
}  // namespace latchkey::crypto::hashing_pool_test
