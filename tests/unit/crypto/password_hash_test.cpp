#include "crypto/password/hash.h"

#include <argon2.h>
#include <gtest/gtest.h>

#include "unit/crypto/fixtures.h"

namespace latchkey::crypto::password_hash_test {
namespace {

using namespace test;

constexpr password::Argon2Parameters cheap{64, 1, 1};

password::Verification verify(const std::string& stored, std::string_view raw, std::string_view nfc) {
  password::HashArena arena;
  return password::verify_password(stored, Secret{raw}, Secret{nfc}, arena);
}
password::Verification verify(const std::string& stored, std::string_view password) {
  return verify(stored, password, password);
}
std::string hash(std::string_view password, const password::Argon2Parameters& parameters = cheap) {
  password::HashArena arena;
  return password::hash_password(Secret{password}, parameters, arena);
}

TEST(PasswordHash, is_a_phc_string_that_libargon2_verifies) {
  for (const password::Argon2Parameters parameters :
       {cheap, password::Argon2Parameters{128, 3, 1}, password::Argon2Parameters{}}) {
    const std::string stored = hash("correct horse", parameters);
    EXPECT_EQ(argon2id_verify(stored.c_str(), "correct horse", 13), ARGON2_OK) << stored;
    EXPECT_EQ(argon2id_verify(stored.c_str(), "correct hors", 12), ARGON2_VERIFY_MISMATCH);
    EXPECT_TRUE(stored.starts_with("$argon2id$v=19$m=" + std::to_string(parameters.memory_kib) +
                                   ",t=" + std::to_string(parameters.passes) + ",p=1$"));
  }
}

TEST(PasswordHash, verifies_what_libargon2_encodes) {
  for (const std::uint32_t lanes : {1U, 4U}) {
    std::string stored(200, '\0');
    ASSERT_EQ(argon2id_hash_encoded(2, 128, lanes, "correct horse", 13, "saltsaltsaltsalt", 16, 32,
                                    stored.data(), stored.size()),
              ARGON2_OK);
    stored.resize(stored.find('\0'));
    EXPECT_EQ(verify(stored, "correct horse"), password::Verification::matches);
    EXPECT_EQ(verify(stored, "correct horsf"), password::Verification::differs);
    EXPECT_EQ(password::needs_rehash(stored, {128, 2, 1}), lanes != 1);
  }
}

TEST(PasswordHash, has_a_salt_of_its_own) { EXPECT_NE(hash("same"), hash("same")); }

TEST(PasswordHash, S09_L15_counts_every_byte) {
  const std::string password(100, 'x');
  const std::string stored = hash(password);
  EXPECT_EQ(verify(stored, password), password::Verification::matches);
  EXPECT_EQ(verify(stored, password.substr(0, 72)), password::Verification::differs);
  EXPECT_EQ(verify(stored, password.substr(0, 99)), password::Verification::differs);
  EXPECT_EQ(verify(stored, password + ' '), password::Verification::differs);
  EXPECT_EQ(verify(stored, ' ' + password), password::Verification::differs);
  const std::string with_nul("abc\0def", 7);
  EXPECT_EQ(verify(hash(with_nul), "abc"), password::Verification::differs);
  EXPECT_EQ(verify(hash("Password"), "password"), password::Verification::differs);
}

TEST(PasswordHash, S10_compares_the_nfc_form) {
  const std::string nfc = "caf\xc3\xa9";
  const std::string nfd = "cafe\xcc\x81";
  EXPECT_EQ(verify(hash(nfc), nfd, nfc), password::Verification::matches);
  EXPECT_EQ(verify(hash(nfd), nfd, nfc), password::Verification::differs);
}

TEST(PasswordHash, L16_tells_which_hashes_are_of_another_day) {
  const std::string stored = hash("x");
  EXPECT_FALSE(password::needs_rehash(stored, cheap));
  EXPECT_TRUE(password::needs_rehash(stored, {128, 1, 1}));
  EXPECT_TRUE(password::needs_rehash(stored, {64, 2, 1}));
  EXPECT_TRUE(password::needs_rehash("$2b$04$X5kBqt5cC.4sGIDNw8hT9e4eCIf9RhmlvnBuYv17ZnANLSU4OBAZ6", cheap));
  EXPECT_TRUE(password::needs_rehash("", cheap));
}

TEST(PasswordHash, L01_dummy_costs_as_much_and_matches_nothing) {
  const std::string dummy = password::make_dummy_hash(cheap);
  EXPECT_EQ(dummy.size(), hash("x").size());
  EXPECT_FALSE(password::needs_rehash(dummy, cheap));
  EXPECT_EQ(verify(dummy, ""), password::Verification::differs);
  EXPECT_EQ(verify(dummy, "x"), password::Verification::differs);
  EXPECT_NE(password::make_dummy_hash(cheap), dummy);
}

struct BcryptRow {
  std::string password;  ///< hexadecimal
  std::string stored;
};

/// From the tests of crypt_blowfish (public domain); those of "abc" and of many bytes above 127 by the Python
/// library bcrypt.
const std::vector<BcryptRow> bcrypt_rows = {
    {hex(view_bytes("U*U")), "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
    {hex(view_bytes("U*U*")), "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
    {hex(view_bytes("U*U*U")), "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"},
    {hex(view_bytes("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 "
                    "are ignored")),
     "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"},
    {"ffa33334ffffffa3333435", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi"},
    {"a3", "$2a$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"},
    {"a3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"},
    {"", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"},
    {hex(view_bytes("abc")), "$2b$04$X5kBqt5cC.4sGIDNw8hT9e4eCIf9RhmlvnBuYv17ZnANLSU4OBAZ6"},
};

TEST(PasswordHash, verifies_bcrypt_of_other_programs) {
  for (const BcryptRow& row : bcrypt_rows) {
    const Bytes password = from_hex_text(row.password);
    EXPECT_TRUE(password::is_acceptable_hash(row.stored));
    EXPECT_EQ(verify(row.stored, view_text(password)), password::Verification::matches) << row.stored;
    EXPECT_EQ(verify(row.stored, "x" + std::string{view_text(password)}), password::Verification::differs)
        << row.stored;
  }
}

TEST(PasswordHash, bcrypt_takes_the_raw_form_and_then_nfc) {
  // Both forms of "café", hashed at cost 4 by the Python library bcrypt.
  const std::string nfc = "caf\xc3\xa9";
  const std::string nfd = "cafe\xcc\x81";
  const std::string of_nfc = "$2b$04$MWo1sPEcd2MQdn5tinnLY.e20yqDCfRnwuhQYJ4nrbgutQ4vnvzOS";
  const std::string of_nfd = "$2b$04$gswfhTPZJQyZXQ.dtOopkO7cm8zqwsgLeqpmcgNRF55kIfY6SMfga";
  EXPECT_EQ(verify(of_nfc, nfc, nfc), password::Verification::matches);
  EXPECT_EQ(verify(of_nfc, nfd, nfc), password::Verification::matches);
  EXPECT_EQ(verify(of_nfd, nfd, nfc), password::Verification::matches);
  EXPECT_EQ(verify(of_nfd, nfc, nfc), password::Verification::differs);
}

TEST(PasswordHash, J05_bcrypt_never_matches_a_password_with_a_nul) {
  const std::string stored = "$2b$04$X5kBqt5cC.4sGIDNw8hT9e4eCIf9RhmlvnBuYv17ZnANLSU4OBAZ6";
  ASSERT_EQ(verify(stored, "abc"), password::Verification::matches);
  EXPECT_EQ(verify(stored, std::string_view("abc\0", 4)), password::Verification::differs);
  EXPECT_EQ(verify(stored, std::string_view("abc\0def", 7)), password::Verification::differs);
}

TEST(PasswordHash, bcrypt_takes_passwords_longer_than_libcrypt_does) {
  EXPECT_EQ(verify(bcrypt_rows[3].stored,
                   "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" +
                       std::string(2000, 'z')),
            password::Verification::matches);
}

struct Row {
  std::string name;
  std::string stored;
};

class UnreadableHash : public testing::TestWithParam<Row> {};

TEST_P(UnreadableHash, lets_nobody_in) {
  EXPECT_FALSE(password::is_acceptable_hash(GetParam().stored));
  EXPECT_EQ(verify(GetParam().stored, "password"), password::Verification::unreadable);
  EXPECT_EQ(verify(GetParam().stored, ""), password::Verification::unreadable);
  EXPECT_TRUE(password::needs_rehash(GetParam().stored, cheap));
}

const std::string salt = "c2FsdHNhbHRzYWx0c2FsdA";
const std::string tag = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
std::string phc(const std::string& head) { return head + '$' + salt + '$' + tag; }
const std::string bcrypt_tail = "X5kBqt5cC.4sGIDNw8hT9e4eCIf9RhmlvnBuYv17ZnANLSU4OBAZ6";

const std::vector<Row> unreadable = {
    {"empty", ""},
    {"dollars", "$$$$$$"},
    {"one_dollar", "$"},
    {"plain_text", "password"},
    {"md5_crypt", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"},
    {"sha512_crypt", "$6$saltsalt$" + std::string(86, 'a')},
    {"argon2i", phc("$argon2i$v=19$m=64,t=1,p=1")},
    {"argon2d", phc("$argon2d$v=19$m=64,t=1,p=1")},
    {"version_16", phc("$argon2id$v=16$m=64,t=1,p=1")},
    {"no_version", phc("$argon2id$m=64,t=1,p=1")},
    {"memory_missing", phc("$argon2id$v=19$t=1,p=1")},
    {"other_order", phc("$argon2id$v=19$t=1,m=64,p=1")},
    {"memory_too_small", phc("$argon2id$v=19$m=8,t=1,p=1")},
    {"L10_memory_too_big", phc("$argon2id$v=19$m=4294967295,t=1,p=1")},
    {"L10_memory_beyond_64_bits", phc("$argon2id$v=19$m=99999999999999999999,t=1,p=1")},
    {"L10_memory_too_big_by_one", phc("$argon2id$v=19$m=4194305,t=1,p=1")},
    {"F33_memory_beyond_128_mib", phc("$argon2id$v=19$m=131073,t=1,p=1")},
    {"F33_memory_of_4_gib", phc("$argon2id$v=19$m=4194304,t=1,p=1")},
    {"F33_more_than_two_seconds", phc("$argon2id$v=19$m=131072,t=33,p=1")},
    {"F33_more_than_two_seconds_with_little_memory", phc("$argon2id$v=19$m=65536,t=65,p=1")},
    {"F33_longer_than_any_hash", "$argon2id$v=19$m=64,t=1,p=1$" + std::string(600, 'A') + '$' + tag},
    {"passes_too_many", phc("$argon2id$v=19$m=64,t=101,p=1")},
    {"passes_zero", phc("$argon2id$v=19$m=64,t=0,p=1")},
    {"passes_negative", phc("$argon2id$v=19$m=64,t=-1,p=1")},
    {"lanes_too_many", phc("$argon2id$v=19$m=65536,t=1,p=255")},
    {"lanes_not_a_number", phc("$argon2id$v=19$m=64,t=1,p=x")},
    {"more_parameters", phc("$argon2id$v=19$m=64,t=1,p=1,keyid=x")},
    {"space", phc("$argon2id$v=19$m=64, t=1,p=1")},
    {"salt_too_short", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$" + tag},
    {"salt_too_long", "$argon2id$v=19$m=64,t=1,p=1$" + std::string(88, 'A') + '$' + tag},
    {"salt_missing", "$argon2id$v=19$m=64,t=1,p=1$" + tag},
    {"tag_missing", "$argon2id$v=19$m=64,t=1,p=1$" + salt + '$'},
    {"tag_too_short", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$AAAAAAAAAAAAAAAAAAAAAA"},
    {"tag_too_long", "$argon2id$v=19$m=64,t=1,p=1$" + salt + '$' + tag + "AAAA"},
    {"tag_with_padding", "$argon2id$v=19$m=64,t=1,p=1$" + salt + '$' + tag + '='},
    {"tag_in_base64url", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$_" + tag.substr(1)},
    {"tag_with_a_newline", phc("$argon2id$v=19$m=64,t=1,p=1") + '\n'},
    {"tag_with_stray_bits", "$argon2id$v=19$m=64,t=1,p=1$" + salt + '$' + tag.substr(1) + 'B'},
    {"more_fields", phc("$argon2id$v=19$m=64,t=1,p=1") + "$x"},
    {"bcrypt_2x", "$2x$04$" + bcrypt_tail},
    {"bcrypt_2", "$2$04$" + bcrypt_tail},
    {"F33_bcrypt_cost_16", "$2b$16$" + bcrypt_tail},
    {"L10_bcrypt_cost_too_big", "$2b$17$" + bcrypt_tail},
    {"L10_bcrypt_cost_31", "$2b$31$" + bcrypt_tail},
    {"bcrypt_cost_too_small", "$2b$03$" + bcrypt_tail},
    {"bcrypt_cost_not_a_number", "$2b$1x$" + bcrypt_tail},
    {"bcrypt_short", "$2b$04$" + bcrypt_tail.substr(1)},
    {"bcrypt_long", "$2b$04$" + bcrypt_tail + 'x'},
    {"bcrypt_other_alphabet", "$2b$04$" + bcrypt_tail.substr(0, 52) + '+'},
    {"bcrypt_with_a_nul", "$2b$04$" + bcrypt_tail.substr(0, 52) + std::string(1, '\0')},
};

INSTANTIATE_TEST_SUITE_P(PasswordHash, UnreadableHash, testing::ValuesIn(unreadable),
                         [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

TEST(PasswordHash, F33_L10_operators_load_no_hash_that_stalls_sign_in) {
  EXPECT_TRUE(password::is_acceptable_hash(phc("$argon2id$v=19$m=65536,t=3,p=4")));
  EXPECT_TRUE(password::is_acceptable_hash(phc("$argon2id$v=19$m=131072,t=32,p=1")));
  EXPECT_TRUE(password::is_acceptable_hash("$2b$15$" + bcrypt_tail));
  const auto problem = [](const std::string& stored) {
    return std::string(password::find_hash_problem(stored, cheap).value_or("none"));
  };
  EXPECT_EQ(problem(phc("$argon2id$v=19$m=131073,t=1,p=1")),
            "asks for more than 128 MiB of memory (m=131072)");
  EXPECT_EQ(problem(phc("$argon2id$v=19$m=131072,t=33,p=1")),
            "asks for more work than about two seconds (m times t of more than 4194304)");
  EXPECT_EQ(problem("$2b$16$" + bcrypt_tail),
            "asks for more than about two seconds of work (a bcrypt cost above 15)");
  EXPECT_TRUE(problem("$2b$32$" + bcrypt_tail).starts_with("is neither bcrypt"));
  EXPECT_TRUE(problem("nonsense").starts_with("is neither bcrypt"));
}

TEST(PasswordHash, F33_what_the_settings_ask_for_stays_readable) {
  const std::string costly = phc("$argon2id$v=19$m=262144,t=20,p=1");
  EXPECT_FALSE(password::is_acceptable_hash(costly));
  EXPECT_TRUE(password::is_acceptable_hash(costly, {.memory_kib = 262144, .passes = 20}));
  EXPECT_FALSE(password::is_acceptable_hash(costly, {.memory_kib = 262143, .passes = 21}));
  EXPECT_FALSE(password::is_acceptable_hash(costly, {.memory_kib = 262144, .passes = 19}));
}

TEST(PasswordHash, F44_bcrypt_covers_72_bytes) {
  const std::string stored = "$2b$04$" + bcrypt_tail;
  const auto tried = [](std::size_t size) {
    return password::TriedPassword{.nfc = Secret(std::string(size, 'x')), .raw = std::nullopt};
  };
  EXPECT_TRUE(password::covers_whole(stored, tried(72)));
  EXPECT_FALSE(password::covers_whole(stored, tried(73)));
  EXPECT_TRUE(password::covers_whole(hash("x"), tried(73))) << "Argon2id reads everything";
  const password::TriedPassword shorter_in_nfc{.nfc = Secret(std::string(72, 'x')),
                                               .raw = Secret(std::string(73, 'x'))};
  EXPECT_FALSE(password::covers_whole(stored, shorter_in_nfc));
}

TEST(PasswordHash, no_mangled_hash_matches_or_crashes) {
  const std::string stored = hash("password");
  for (std::size_t i = 0; i < stored.size(); ++i) {
    for (const char c : {'$', '0', '9', 'A', '\0', '\xff', ','}) {
      if (stored[i] == c) continue;
      std::string mangled = stored;
      mangled[i] = c;
      // The cost can grow by a digit's change only within the bounds.
      EXPECT_NE(verify(mangled, "password"), password::Verification::matches) << mangled;
    }
    EXPECT_NE(verify(stored.substr(0, i), "password"), password::Verification::matches);
  }
}

}  // namespace
}  // namespace latchkey::crypto::password_hash_test
