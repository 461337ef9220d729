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
#include "mail/queue.h"
#include "mail/worker.h"
#include "store/migrations.h"
#include "store/users.h"
#include "support/databases.h"

namespace latchkey::mail {

using Outcome = mail::Delivery::Outcome;
namespace mails = store::mails;

/// A message with a link, as the feature of confirmation has one, and what password recovery would have.
inline constexpr std::string_view confirmation_variables[] = {"confirm_url", "reject_url"};
inline constexpr std::string_view reset_variables[] = {"reset_url", "code"};
inline constexpr std::string_view changed_variables[] = {"changed_at"};
inline std::optional<Links> make_confirmation(const LinkKeys& keys, const Mail& mail) {
  if (mail.account->confirmed) return std::nullopt;
  return Links{
      .values = {{"confirm_url", keys.public_url + "/api/auth/confirmed_email/" + to_string(mail.id)},
                 {"reject_url", keys.public_url + "/api/auth/rejected_email/" + to_string(mail.id)}},
      .expires_at = mail.created_at + std::chrono::hours{200}};
}
inline std::optional<Links> make_reset(const LinkKeys& keys, const Mail& mail) {
  // As it could compare the account's version with that of the moment when the mail was asked for.
  if (value_of(mail.parameters, "made_for") != to_string(mail.account->subject)) return std::nullopt;
  return Links{.values = {{"reset_url", keys.public_url + "/password/new/" + to_string(mail.id)},
                          {"code", "01234567"}},
               .expires_at = mail.created_at + std::chrono::minutes{30}};
}
/// "This was not me", which a notice has while its account can be signed in to.
inline std::optional<Links> make_not_me(const LinkKeys& keys, const Mail& mail) {
  if (!mail.account || !mail.account->is_active) return std::nullopt;
  return Links{.values = {{"not_me_url", keys.public_url + "/not_me/" + to_string(mail.id)}},
               .expires_at = mail.created_at + std::chrono::minutes{30}};
}
inline constexpr Message messages[] = {
    {.name = "confirmation",
     .variables = confirmation_variables,
     .link = {.purpose = "confirmation", .variable = "confirm_url", .make = make_confirmation}},
    {.name = "password_reset",
     .variables = reset_variables,
     .link = {.purpose = "password_reset", .variable = "reset_url", .make = make_reset}},
    {.name = "password_changed", .variables = changed_variables},
    {.name = "factor_added", .link = {.variable = "not_me_url", .make = make_not_me}},
};

/// Takes mails, or answers what it was told to, and says when something came.
class FakeTransport final : public mail::Transport {
 public:
  struct State {
    std::mutex mutex;
    std::condition_variable_any news;
    std::vector<mail::Outgoing> taken;
    std::deque<mail::Delivery> answers;  ///< then `taken`
    int attempts = 0;
    int stopped = 0;
    bool hangs = false;
    std::string hangs_for;  ///< a recipient
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
      hangs_for.clear();
      news.notify_all();
    }
    void answer(Outcome outcome, std::string reason) {
      const std::scoped_lock lock(mutex);
      answers.push_back({outcome, std::move(reason)});
    }
  };

  explicit FakeTransport(State& state) : state_(state) {}
  mail::BodyEncoding encoding() const override { return mail::BodyEncoding::eight_bit; }
  mail::Delivery deliver(const mail::Outgoing& mail, std::stop_token stop) override {
    std::unique_lock lock(state_.mutex);
    ++state_.attempts;
    state_.news.notify_all();
    state_.news.wait(lock, stop, [&] { return !state_.hangs && state_.hangs_for != mail.recipient; });
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

/// The files of a feature that is not there yet, as an operator could bring them.
class OperatorsTemplates {
 public:
  OperatorsTemplates() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-templates-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
    write("password_reset/subject.txt", "Your code is {{code}}");
    write("password_reset/body.txt", "{{username}}: {{reset_url}} until {{expires_at}}");
    write("password_reset/body.html", "<a href=\"{{reset_url}}\">{{code}}</a>");
    write("password_reset/de/subject.txt", "Ihr Code ist {{code}}");
    write("password_reset/de/body.txt", "{{username}}: {{reset_url}} bis {{expires_at}}");
    write("password_changed/subject.txt", "Your password at {{service}} was changed");
    write("password_changed/body.txt", "{{username}}, it was changed at {{changed_at}}.");
    write("password_changed/body.html", "<p>{{username}}, it was changed at {{changed_at}}.</p>");
    write("factor_added/subject.txt", "A factor was added");
    write("factor_added/body.txt", "Sent.{{#not_me_url}} {{not_me_url}} until {{expires_at}}{{/not_me_url}}");
    write("factor_added/body.html", "<p>Sent. {{not_me_url}}</p>");
    write("factor_added/de/body.txt", "Gesendet.{{#not_me_url}} {{not_me_url}}{{/not_me_url}}");
  }
  ~OperatorsTemplates() { std::filesystem::remove_all(path_); }
  OperatorsTemplates(const OperatorsTemplates&) = delete;
  OperatorsTemplates& operator=(const OperatorsTemplates&) = delete;
  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// So many connections to the server that `state` stands for.
inline Transports fake_transports(FakeTransport::State& state, int connections = 1) {
  Transports transports;
  for (int i = 0; i < connections; ++i) transports.push_back(std::make_unique<FakeTransport>(state));
  return transports;
}

/// A real database in a folder of its own, a clock that tests move, and a worker.
class MailTest : public testing::TestWithParam<db::test::Backend> {
 protected:
  MailTest() : folder_(make_folder()), clock_(make_clock(folder_)) {
    database_ = std::make_unique<db::Database>(GetParam().open(folder_));
    db::migrate(*database_, store::migration_files, crypto::sha256_hex, clock_.now());
    user_ = add_user("user@example.org");
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
    return add({.message = message,
                .user = user_,
                .recipient = "user@example.org",
                .link = message,
                .now = clock_.now()});
  }
  LinkId add(const New& mail) {
    const auto work = [&](db::Tx& tx) { return queue(tx, wake_, mail); };
    return database_->write_now(work);
  }
  /// As a program up to 0.1.0 does.
  LinkId add_to_outbox() {
    static constexpr db::Statement<db::Affected, LinkId, UserId, Timestamp> insert{
        "INSERT INTO outbox (id, user_id, message, created_at, next_try_at, tries, put_aside, last_error) "
        "VALUES ($1, $2, 'confirmation', $3, $3, 0, FALSE, '')"};
    const LinkId id = crypto::new_link_id();
    database_->run_now(insert, id, user_, clock_.now());
    return id;
  }

  std::vector<mails::Mail> waiting() {
    auto all = database_->run_now(mails::current.list_all, LinkId{}, 100);
    const auto former = database_->run_now(mails::former.list_all, LinkId{}, 100);
    all.insert(all.end(), former.begin(), former.end());
    return all;
  }

  void wait_until(const std::function<bool()>& condition, const char* what) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "waited for " << what;
  }

  mail::Worker& start(mail::Nodes nodes = mail::Nodes::one,
                      std::chrono::milliseconds poll = std::chrono::milliseconds{20}) {
    mail::WorkerOptions options = usual_options();
    options.nodes = nodes;
    options.poll = poll;
    return start(options);
  }
  mail::Worker& start(const mail::WorkerOptions& options, int connections = 1) {
    worker_ = std::make_unique<mail::Worker>(*database_, clock_, templates_,
                                             fake_transports(state_, connections), find_keys_, options);
    worker_->start();
    return *worker_;
  }
  static mail::WorkerOptions usual_options() {
    mail::WorkerOptions options;
    options.from = {"", "no-reply@example.com"};
    options.service = "x.example";
    options.lease = std::chrono::hours{2};
    options.nodes = mail::Nodes::one;
    options.poll = std::chrono::milliseconds{20};
    return options;
  }

  std::filesystem::path folder_;
  Clock clock_;
  Microseconds offset_{0};
  std::unique_ptr<db::Database> database_;
  UserId user_;
  const settings::Settings settings_;
  const std::string public_url_ = "https://x.example";
  const crypto::Keyring ring_{Secret("0123456789abcdef0123456789abcdef"), {}, 0};
  mail::FindLinkKeys find_keys_ = [this] {
    return LinkKeys{.ring = ring_, .public_url = public_url_, .settings = settings_};
  };
  const OperatorsTemplates recovery_;
  mail::Templates templates_{messages, recovery_.path()};
  const Wake wake_ = [] {};
  FakeTransport::State state_;
  std::unique_ptr<mail::Worker> worker_;
};

}  // namespace latchkey::mail
