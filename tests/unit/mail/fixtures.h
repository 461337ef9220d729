// A mail worker on a real database, with a mail server that does as it is told.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>

#include "crypto/random.h"
#include "crypto/sha256.h"
#include "db/migrate.h"
#include "mail/worker.h"
#include "store/migrations.h"
#include "store/users.h"
#include "support/databases.h"

namespace latchkey::mail {

using Outcome = mail::Delivery::Outcome;
namespace outbox = store::outbox;

/// Takes mails, or answers what it was told to, and says when something came.
class FakeTransport final : public mail::MailTransport {
 public:
  struct State {
    std::mutex mutex;
    std::condition_variable_any news;
    std::vector<mail::OutgoingMail> taken;
    std::deque<mail::Delivery> answers;  ///< then `taken`
    int attempts = 0;
    int stopped = 0;
    bool hangs = false;
    std::function<void()> on_taken;
    std::function<void()> on_answer;  ///< when one of `answers` is given

    bool wait_for(const std::function<bool()>& condition) {
      std::unique_lock lock(mutex);
      return news.wait_for(lock, std::chrono::seconds(20), condition);
    }
    bool wait_attempts(int count) {
      return wait_for([&] { return attempts >= count; });
    }
    bool wait_taken(std::size_t count) {
      return wait_for([&] { return taken.size() >= count; });
    }
    bool wait_stopped(int count) {
      return wait_for([&] { return stopped >= count; });
    }
    void go_on() {
      const std::scoped_lock lock(mutex);
      hangs = false;
      news.notify_all();
    }
    void answer(Outcome outcome, std::string reason) {
      const std::scoped_lock lock(mutex);
      answers.push_back({outcome, std::move(reason)});
    }
  };

  explicit FakeTransport(State& state) : state_(state) {}
  mail::BodyEncoding encoding() const override { return mail::BodyEncoding::eight_bit; }
  mail::Delivery deliver(const mail::OutgoingMail& mail, std::stop_token stop) override {
    std::unique_lock lock(state_.mutex);
    ++state_.attempts;
    state_.news.notify_all();
    if (state_.hangs) {
      state_.news.wait(lock, stop, [this] { return !state_.hangs; });
    }
    if (stop.stop_requested()) {
      ++state_.stopped;
      state_.news.notify_all();
      return {Outcome::stopped, "stopped"};
    }
    if (!state_.answers.empty()) {
      mail::Delivery answer = std::move(state_.answers.front());
      state_.answers.pop_front();
      if (state_.on_answer) state_.on_answer();
      return answer;
    }
    if (state_.on_taken) state_.on_taken();
    state_.taken.push_back(mail);
    state_.news.notify_all();
    return {};
  }

 private:
  State& state_;
};

/// A real database in a folder of its own, a clock that tests move, and a worker.
class MailTest : public testing::TestWithParam<db::test::Backend> {
 protected:
  MailTest() : folder_(make_folder()), clock_(make_clock(folder_)) {
    database_ = std::make_unique<db::Database>(GetParam().open(folder_));
    db::migrate(*database_, store::migration_files, crypto::sha256_hex, clock_.now());
    user_ = add_user("user@example.org");
    make_links_ = [](const outbox::Mail& mail) {
      return mail::MailLinks{
          .confirm_url = "https://x.example/api/auth/confirmed_email/" + to_string(mail.id),
          .reject_url = "https://x.example/api/auth/rejected_email/" + to_string(mail.id),
          .expires_at = mail.created_at + std::chrono::hours{200}};
    };
  }
  ~MailTest() override {
    worker_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::filesystem::path make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-worker-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    return pattern;
  }

  static Clock make_clock(const std::filesystem::path& folder) {
    const auto path = folder / "clock";
    std::ofstream(path, std::ios::binary) << std::string(8, '\0');
    ::setenv("LATCHKEY_TEST_CLOCK_FILE", path.c_str(), 1);
    struct Unset {
      ~Unset() { ::unsetenv("LATCHKEY_TEST_CLOCK_FILE"); }
    };
    const Unset unset;
    return Clock();
  }

  void advance(Microseconds by) {
    offset_ += by;
    const std::int64_t value = offset_.count();
    std::fstream file(folder_ / "clock", std::ios::binary | std::ios::in | std::ios::out);
    file.write(reinterpret_cast<const char*>(&value), sizeof value);
  }

  UserId add_user(const std::string& email) {
    const store::users::NewUser user{.subject = crypto::new_subject(),
                                     .email = email,
                                     .email_key = email,
                                     .username = "Zoë <b>",
                                     .username_key = std::nullopt,
                                     .password_hash = "x",
                                     .role = Role::user,
                                     .confirmed = false,
                                     .now = clock_.now()};
    const auto work = [&](db::Tx& tx) { return store::users::insert_user(tx, user); };
    return database_->write_now(work).value();
  }

  LinkId add_mail(std::string message = "confirmation") {
    const LinkId id = crypto::new_link_id();
    database_->run_now(outbox::insert_mail, id, user_, message, clock_.now());
    return id;
  }

  std::vector<outbox::Mail> waiting() { return database_->run_now(outbox::list_all, LinkId{}, 100); }

  void wait_until(const std::function<bool()>& condition, const char* what) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "waited for " << what;
  }

  mail::MailWorker& start(mail::Nodes nodes = mail::Nodes::one,
                          std::chrono::milliseconds poll = std::chrono::milliseconds{20}) {
    worker_ = std::make_unique<mail::MailWorker>(*database_, clock_, templates_,
                                                 std::make_unique<FakeTransport>(state_), make_links_,
                                                 mail::MailWorkerOptions{.from = {"", "no-reply@example.com"},
                                                                         .service = "x.example",
                                                                         .nodes = nodes,
                                                                         .lease = std::chrono::hours{2},
                                                                         .poll = poll});
    worker_->start();
    return *worker_;
  }

  std::filesystem::path folder_;
  Clock clock_;
  Microseconds offset_{0};
  std::unique_ptr<db::Database> database_;
  UserId user_;
  mail::LinkMaker make_links_;
  mail::MailTemplates templates_;
  FakeTransport::State state_;
  std::unique_ptr<mail::MailWorker> worker_;
};

}  // namespace latchkey::mail
