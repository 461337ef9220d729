// store/signing_keys.h, store/audit.h and store/state.h.

#include "store/audit.h"
#include "store/fixture.h"
#include "store/signing_keys.h"
#include "store/state.h"

namespace latchkey::store::test {
namespace {

class SigningKeys : public StoreTest {
 protected:
  bool insert_key(const std::string& kid, std::int64_t sequence) {
    return database.run_now(signing_keys::insert_key, kid, sequence, Bytes{1, 2}, Bytes{3}, now, now + hour)
        .has_value();
  }
};
LATCHKEY_ON_EVERY_DATABASE(SigningKeys);

TEST_P(SigningKeys, OfManyRotationsAtOnceOneHappens) {
  EXPECT_TRUE(insert_key("first", 1));
  const auto rotate = [&](int node) { return insert_key("second-" + std::to_string(node), 2); };
  EXPECT_EQ(ask_at_once(6, rotate), 1);
  const auto keys = database.run_now(signing_keys::list_keys);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].kid, "first");
  EXPECT_EQ(keys[0].public_key, (Bytes{1, 2}));
  EXPECT_EQ(keys[0].sealed_private_key, Bytes{3});
  EXPECT_EQ(keys[0].activates_at, now + hour);
  EXPECT_EQ(keys[1].sequence, 2);
}

TEST_P(SigningKeys, AKeyIsSealedAnewOnlyWhileItIsWhatWasOpened) {
  insert_key("first", 1);
  EXPECT_EQ(database.run_now(signing_keys::update_sealed, Bytes{9}, "first", Bytes{4}).rows, 0);
  EXPECT_EQ(database.run_now(signing_keys::update_sealed, Bytes{9}, "first", Bytes{3}).rows, 1);
  EXPECT_EQ(database.run_now(signing_keys::list_keys)[0].sealed_private_key, Bytes{9});
  EXPECT_EQ(database.run_now(signing_keys::update_activates_at, now, "first").rows, 1);
  EXPECT_EQ(database.run_now(signing_keys::list_keys)[0].activates_at, now);
  EXPECT_EQ(database.run_now(signing_keys::delete_key, "other").rows, 0);
  EXPECT_EQ(database.run_now(signing_keys::delete_key, "first").rows, 1);
}

TEST_P(SigningKeys, D09ARestoreDropsEveryKeyAndTheCountBeginsAnew) {
  insert_key("first", 1);
  insert_key("second", 2);
  EXPECT_EQ(database.run_now(signing_keys::delete_all).rows, 2);
  EXPECT_TRUE(database.run_now(signing_keys::list_keys).empty());
  EXPECT_EQ(database.run_now(signing_keys::delete_all).rows, 0);
  EXPECT_TRUE(insert_key("third", 1));
}

struct AuditRow {
  std::int64_t id = 0;
  std::string event;
  std::string target;
};
BOOST_DESCRIBE_STRUCT(AuditRow, (), (id, event, target))
constexpr db::Statement<std::vector<AuditRow>> list_audit{"SELECT id, event, target FROM audit ORDER BY id"};

class Audit : public StoreTest {
 protected:
  void enter(const std::string& target, Timestamp at) {
    auto work = [&](db::Tx& tx) {
      audit::insert_entry(tx, {.at = at,
                               .event = "sign_in",
                               .result = "ok",
                               .actor = "actor",
                               .target = target,
                               .address = "192.0.2.1",
                               .request_id = "r",
                               .detail = ""});
    };
    database.write_now(work);
  }
};
LATCHKEY_ON_EVERY_DATABASE(Audit);

TEST_P(Audit, EntriesKeepTheirOrderAndLeaveInBatchesTheOldestFirst) {
  for (int i = 0; i < 4; ++i) enter(std::to_string(i), now + i * hour);
  const auto rows = database.run_now(list_audit);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[3].target, "3");
  EXPECT_EQ(database.run_now(audit::delete_before, now + 2 * hour, std::int64_t{2}).rows, 2);
  EXPECT_EQ(database.run_now(audit::delete_before, now + 2 * hour, std::int64_t{2}).rows, 1);
  EXPECT_EQ(database.run_now(audit::delete_before, now + 2 * hour, std::int64_t{2}).rows, 0);
  const auto left = database.run_now(list_audit);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].target, "3");
}

TEST_P(Audit, AnEntryGoesWithTheTransactionThatWroteIt) {
  auto work = [&](db::Tx& tx) {
    audit::insert_entry(tx, {now, "sign_in", "ok", "", "", "", "", ""});
    throw std::runtime_error("a fault");
  };
  EXPECT_THROW(database.write_now(work), std::runtime_error);
  EXPECT_TRUE(database.run_now(list_audit).empty());
}

class State : public StoreTest {};
LATCHKEY_ON_EVERY_DATABASE(State);

TEST_P(State, TheEpochIsOneNumberOfTheDeployment) {
  EXPECT_EQ(database.run_now(state::find_epoch), 0);
  EXPECT_EQ(database.run_now(state::update_epoch, std::int64_t{7}).rows, 1);
  EXPECT_EQ(database.run_now(state::find_epoch), 7);
  EXPECT_EQ(database.run_now(state::update_administrators_guard).rows, 1);
  EXPECT_EQ(database.run_now(state::update_dummy).rows, 1);
  EXPECT_EQ(database.run_now(state::find_epoch), 7);
}

}  // namespace
}  // namespace latchkey::store::test
