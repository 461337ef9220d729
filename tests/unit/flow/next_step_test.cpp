#include "flow/signin/next_step.h"

#include <gtest/gtest.h>

namespace latchkey::flow::signin {
namespace {

enum class Wanted : std::uint8_t { identify, blocked, unconfirmed, done };

struct Row {
  const char* name;
  bool is_active;
  bool confirmed;
  bool confirmation_required;
  Done done;
  Wanted wanted;
};

constexpr Done nothing;
constexpr Done password = Done().with(Proof::password);

/// Every state there is. Nothing of an account shows before something is proved.
constexpr Row table[] = {
    {"nobody_yet", true, true, true, nothing, Wanted::identify},
    {"blocked_and_nothing_proved", false, true, true, nothing, Wanted::identify},
    {"unconfirmed_and_nothing_proved", true, false, true, nothing, Wanted::identify},
    {"both_and_nothing_proved", false, false, true, nothing, Wanted::identify},
    {"optional_and_nothing_proved", true, true, false, nothing, Wanted::identify},
    {"optional_blocked_and_nothing_proved", false, true, false, nothing, Wanted::identify},
    {"optional_unconfirmed_and_nothing_proved", true, false, false, nothing, Wanted::identify},
    {"optional_both_and_nothing_proved", false, false, false, nothing, Wanted::identify},
    {"right_password", true, true, true, password, Wanted::done},
    {"blocked", false, true, true, password, Wanted::blocked},
    {"unconfirmed", true, false, true, password, Wanted::unconfirmed},
    {"blocked_and_unconfirmed", false, false, true, password, Wanted::blocked},
    {"optional_right_password", true, true, false, password, Wanted::done},
    {"optional_blocked", false, true, false, password, Wanted::blocked},
    {"optional_unconfirmed", true, false, false, password, Wanted::done},
    {"optional_blocked_and_unconfirmed", false, false, false, password, Wanted::blocked},
};

class NextStep : public testing::TestWithParam<Row> {};

TEST_P(NextStep, follows_from_state_proofs_and_policy) {
  const Row& row = GetParam();
  const Step step = next_step({.is_active = row.is_active, .confirmed = row.confirmed}, row.done,
                              {.confirmation_required = row.confirmation_required});
  switch (row.wanted) {
    case Wanted::identify:
      EXPECT_EQ(step.kind, Step::Kind::identify);
      break;
    case Wanted::done:
      EXPECT_EQ(step.kind, Step::Kind::done);
      break;
    case Wanted::blocked:
      EXPECT_EQ(step.kind, Step::Kind::refuse);
      EXPECT_EQ(step.refusal, ErrorCode::account_blocked);
      break;
    case Wanted::unconfirmed:
      EXPECT_EQ(step.kind, Step::Kind::refuse);
      EXPECT_EQ(step.refusal, ErrorCode::email_not_confirmed);
      break;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, NextStep, testing::ValuesIn(table),
                         [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

}  // namespace
}  // namespace latchkey::flow::signin
