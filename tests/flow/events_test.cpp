// flow/events.h, and what the flows tell by it: the audit, the numbers and the log say the same, and nothing
// of what was not committed.

#include "flow/events.h"

#include <boost/describe.hpp>

#include "features/sessions/own_sessions.h"
#include "features/signup/events.h"
#include "flow/accounts/accounts.h"
#include "flow/sessions/counters.h"
#include "flow/signin/events.h"
#include "flow/world.h"

namespace latchkey::flow::events_test {
namespace {

struct AuditRow {
  std::string event;
  std::string result;
  std::string target;
  std::string detail;
  friend bool operator==(const AuditRow&, const AuditRow&) = default;
};
BOOST_DESCRIBE_STRUCT(AuditRow, (), (event, result, target, detail))
constexpr db::Statement<std::vector<AuditRow>, std::string> list_audit{
    "SELECT event, result, target, detail FROM audit WHERE event = $1 ORDER BY id"};

constinit metrics::Counter done;
constinit metrics::Counter refused;
constinit metrics::Counter other;
constexpr Event tested{.name = "tested",
                       .counted = {{ok, &done}, {ErrorCode::forbidden, &refused}},
                       .otherwise = &other,
                       .line = {"test.told", log::Level::warn}};
constexpr Event uncounted{.name = "uncounted"};

/// How far a number has moved since this was made.
class Moved {
 public:
  explicit Moved(const metrics::Counter& counter) : counter_(counter), before_(counter.value()) {}
  std::uint64_t by() const { return counter_.value() - before_; }

 private:
  const metrics::Counter& counter_;
  const std::uint64_t before_;
};

/// A number that a family of the program's page has, by its labels.
const metrics::Counter& counter_of(metrics::Families families, std::string_view name,
                                   std::string_view labels) {
  for (const auto& family : families) {
    if (family.name() != name) continue;
    for (const auto* series : family.series()) {
      if (series->labels() == labels) return static_cast<const metrics::Counter&>(*series);
    }
  }
  throw std::out_of_range(std::string(name));
}

class Events : public World {
 protected:
  std::vector<AuditRow> audit(const std::string& event) { return database.run_now(list_audit, event); }
  static const metrics::Counter& sign_ins(const std::string& outcome) {
    return counter_of(signin::events::families(), "latchkey_sign_ins_total", "outcome=\"" + outcome + "\"");
  }
  static const metrics::Counter& sign_ups(const std::string& outcome) {
    return counter_of(features::signup::events::counters, "latchkey_sign_ups_total",
                      "outcome=\"" + outcome + "\"");
  }
};
LATCHKEY_ON_EVERY_DATABASE(Events);

TEST_P(Events, what_commits_is_told_to_the_audit_the_numbers_and_the_log) {
  const Moved moved(done);
  const Moved of_others(other);
  testing::internal::CaptureStderr();
  auto work = [&](db::Tx& tx) {
    record(tx, origin(), tested, ok, "somebody", "a detail");
    EXPECT_EQ(moved.by(), 0U);
  };
  database.write_now(work);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(audit("tested"), (std::vector<AuditRow>{{"tested", "ok", "somebody", "a detail"}}));
  EXPECT_EQ(moved.by(), 1U);
  EXPECT_EQ(of_others.by(), 0U);
  EXPECT_NE(log.find("WARN test.told request_id=r sub=somebody outcome=ok"), std::string::npos) << log;
}

TEST_P(Events, each_outcome_has_its_number_and_the_rest_has_one_together) {
  const Moved of_refused(refused);
  const Moved of_others(other);
  testing::internal::CaptureStderr();
  auto work = [&](db::Tx& tx) {
    record(tx, origin(), tested, ErrorCode::forbidden);
    record(tx, origin(), tested, ErrorCode::user_not_found);
    record(tx, origin(), tested, Outcome("a_word"));
    record(tx, origin(), uncounted, ok);
  };
  database.write_now(work);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(of_refused.by(), 1U);
  EXPECT_EQ(of_others.by(), 2U);
  const auto rows = audit("tested");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].result, "forbidden");
  EXPECT_EQ(rows[2].result, "a_word");
}

TEST_P(Events, what_is_rolled_back_is_told_to_nobody) {
  const Moved moved(done);
  testing::internal::CaptureStderr();
  auto work = [&](db::Tx& tx) {
    record(tx, origin(), tested, ok, "somebody");
    throw std::runtime_error("a fault");
  };
  EXPECT_THROW(database.write_now(work), std::runtime_error);
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("test.told"), std::string::npos);
  EXPECT_EQ(moved.by(), 0U);
  EXPECT_TRUE(audit("tested").empty());
}

TEST_P(Events, a_refusal_about_nobody_is_counted_and_leaves_no_entry) {
  const Moved moved(refused);
  testing::internal::CaptureStderr();
  auto work = [&](db::Tx& tx) { record_for_nobody(tx, origin(), tested, ErrorCode::forbidden); };
  database.write_now(work);
  note(origin(), tested, ErrorCode::forbidden);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(moved.by(), 2U);
  EXPECT_TRUE(audit("tested").empty());
}

TEST_P(Events, of_refusals_that_cost_nothing_every_one_is_counted_and_some_are_written) {
  const Moved moved(refused);
  const Subject account{{1}};
  testing::internal::CaptureStderr();
  EXPECT_TRUE(wait(refuse(services, origin(), tested, ErrorCode::forbidden, account)));
  for (int i = 0; i < 9; ++i)
    EXPECT_FALSE(wait(refuse(services, origin(), tested, ErrorCode::forbidden, account)));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(moved.by(), 10U);
  EXPECT_EQ(audit("tested").size(), 1U);
}

TEST_P(Events, a_sign_up_is_told_once_whether_its_address_was_free_or_not) {
  const Moved created(sign_ups("created"));
  const Moved exists(sign_ups("exists"));
  const Moved weak(sign_ups("refused"));
  const auto user = sign_up("a@example.org").value().user;
  EXPECT_EQ(created.by(), 1U);
  EXPECT_EQ(audit("sign_up"), (std::vector<AuditRow>{{"sign_up", "ok", to_string(user.subject), ""}}));
  EXPECT_EQ(sign_up("a@example.org").error().code, ErrorCode::account_exists);
  EXPECT_EQ(sign_up("b@example.org", "password1").error().code, ErrorCode::validation_failed);
  EXPECT_EQ(created.by(), 1U);
  EXPECT_EQ(exists.by(), 1U);
  EXPECT_EQ(weak.by(), 1U);
  EXPECT_EQ(audit("sign_up").size(), 2U);
}

TEST_P(Events, a_user_name_that_is_taken_is_counted_and_leaves_no_entry) {
  settings.accounts.unique_usernames = true;
  EXPECT_TRUE(sign_up("a@example.org").has_value());
  const Moved exists(sign_ups("exists"));
  EXPECT_EQ(sign_up("b@example.org").error().code, ErrorCode::username_taken);
  EXPECT_EQ(exists.by(), 1U);
  EXPECT_EQ(audit("sign_up").size(), 1U);
}

TEST_P(Events, a_sign_up_that_opens_a_session_counts_it) {
  settings.accounts.confirmation = settings::Confirmation::off;
  const Moved opened(sessions::counters::opened);
  EXPECT_TRUE(sign_up("a@example.org").value().tokens.has_value());
  EXPECT_EQ(opened.by(), 1U);
}

TEST_P(Events, sign_ins_are_told_by_their_outcome) {
  const auto user = member("a@example.org");
  const Moved signed_in(sign_ins("ok"));
  const Moved opened(sessions::counters::opened);
  const Moved invalid(sign_ins("invalid"));
  const Moved unconfirmed(sign_ins("unconfirmed"));
  const Moved blocked(sign_ins("blocked"));
  const Moved limited(sign_ins("limited"));
  EXPECT_TRUE(log_in("a@example.org").has_value());
  EXPECT_EQ(signed_in.by(), 1U);
  EXPECT_EQ(opened.by(), 1U);
  EXPECT_TRUE(log_in("a@example.org", "not my password").has_error());
  EXPECT_TRUE(log_in("nobody@example.org").has_error());
  EXPECT_EQ(invalid.by(), 2U);
  EXPECT_EQ(audit("sign_in").size(), 2U) << "nobody's leaves no entry";
  EXPECT_TRUE(sign_up("b@example.org").has_value());
  EXPECT_EQ(log_in("b@example.org").error().code, ErrorCode::email_not_confirmed);
  EXPECT_EQ(unconfirmed.by(), 1U);
  const Origin by = origin();
  auto block = [&](db::Tx& tx) { return accounts::set_access(tx, by, user, accounts::Access::blocked); };
  EXPECT_TRUE(database.write_now(block).has_value());
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::account_blocked);
  EXPECT_EQ(blocked.by(), 1U);
  EXPECT_EQ(audit("sign_in").back().result, "account_blocked");
  for (int i = 0; i < settings.limits.login_failures; ++i) log_in("nobody@example.org");
  EXPECT_EQ(log_in("nobody@example.org").error().code, ErrorCode::too_many_attempts);
  EXPECT_GE(limited.by(), 1U);
  EXPECT_EQ(signed_in.by(), 1U);
}

TEST_P(Events, sessions_that_end_are_counted_by_the_reason_once_that_is_committed) {
  const auto user = member("a@example.org");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(log_in("a@example.org").has_value());
  const Moved by_admin(sessions::counters::ended_admin);
  const Moved by_logout(sessions::counters::ended_logout);
  const Moved by_reuse(sessions::counters::ended_reuse);
  const Origin by = origin();
  auto lost = [&](db::Tx& tx) {
    EXPECT_TRUE(accounts::set_access(tx, by, user, accounts::Access::blocked).has_value());
    throw std::runtime_error("a fault");
  };
  EXPECT_THROW(database.write_now(lost), std::runtime_error);
  EXPECT_EQ(by_admin.by(), 0U) << "it was taken back";
  const features::sessions::Own own{.user = user, .current = open_session(user).id};
  EXPECT_EQ(wait(log_out_everywhere(services, origin(), own)).value(), 4);
  EXPECT_EQ(by_logout.by(), 4U);
  EXPECT_EQ(audit("logout_all").size(), 1U);

  EXPECT_TRUE(log_in("a@example.org").has_value());
  auto block = [&](db::Tx& tx) { return accounts::set_access(tx, by, user, accounts::Access::blocked); };
  auto unblock = [&](db::Tx& tx) { return accounts::set_access(tx, by, user, accounts::Access::allowed); };
  EXPECT_TRUE(database.write_now(block).has_value());
  EXPECT_TRUE(database.write_now(unblock).has_value());
  EXPECT_EQ(by_admin.by(), 1U);

  const auto first = log_in("a@example.org").value();
  EXPECT_TRUE(refresh(first.refresh_token).has_value());
  now += std::chrono::seconds(11);
  testing::internal::CaptureStderr();
  EXPECT_EQ(refresh(first.refresh_token).error().code, ErrorCode::invalid_token);
  EXPECT_EQ(refresh(first.refresh_token).error().code, ErrorCode::invalid_token);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(by_reuse.by(), 1U);
  EXPECT_EQ(audit("refresh_reuse").size(), 1U);
  EXPECT_EQ(audit("refresh_reuse")[0].result, "session_ended");
  const auto line = log.find("session.reuse");
  ASSERT_NE(line, std::string::npos);
  EXPECT_EQ(log.find("session.reuse", line + 1), std::string::npos);
}

}  // namespace
}  // namespace latchkey::flow::events_test
