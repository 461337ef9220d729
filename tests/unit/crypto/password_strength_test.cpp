#include "crypto/password/strength.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "crypto/password/common_passwords.h"

namespace latchkey::crypto {
namespace {

const std::vector<std::string> user = {"new.user@example.com", "Ann O'Neil"};
constexpr double required = 5;  // the default of password.min_guesses_log10

TEST(PasswordStrength, S07_refuses_what_is_guessed_first) {
  for (const std::string_view password : {"password123",
                                          "password",
                                          "12345678",
                                          "qwertyuiop",
                                          "letmein1",
                                          "iloveyou",
                                          "Password1",
                                          "11111111",
                                          "abcdefgh",
                                          "aaaaaaaaaaaaaaaaaaaaaaaa",
                                          "new.user@example.com",
                                          "example.com",
                                          "NEW.USER@EXAMPLE.COM",
                                          "new.user",
                                          "example1",
                                          "ann o'neil",
                                          "neil1990",
                                          "football",
                                          "01011990",
                                          "p@ssw0rd",
                                          ""}) {
    EXPECT_LT(password::guesses_log10(password, user), required) << password;
  }
}

TEST(PasswordStrength, S07_refuses_an_address_however_long_it_is) {
  for (const std::string name : {"kurzweil", "kurzweiligmann", "donaudampfschifffahrtskapitaen",
                                 "donaudampfschifffahrtselektrizitaetenhauptbetriebswerk"}) {
    const std::string address = name + "@example.com";
    const std::vector<std::string> inputs = {address, "somebody"};
    EXPECT_LT(password::guesses_log10(address, inputs), 5) << address;
    EXPECT_LT(password::guesses_log10("1" + address, inputs), 5) << address;
    EXPECT_GE(password::guesses_log10(address + "correct horse", inputs), 5) << address;
  }
}

TEST(PasswordStrength, S08_accepts_without_rules_of_composition) {
  for (const std::string_view password :
       {"secure_password", "correct horse battery staple", "gkvtwqzpyhxmbrd", "tired old lamp under stairs",
        "\xf0\x9f\x98\x80\xf0\x9f\x90\x99\xf0\x9f\x9a\x80\xf0\x9f\x8d\x95\xf0\x9f\x8e\xb8\xf0\x9f\xa6\x8a\xf0"
        "\x9f\x8c\xb5"
        "\xf0\x9f\xa7\xa9",
        "\xd1\x81\xd0\xb8\xd0\xbd\xd0\xb8\xd0\xb9 \xd1\x81\xd0\xbb\xd0\xbe\xd0\xbd", "Tr0ub4dor&3"}) {
    EXPECT_GE(password::guesses_log10(password, user), required) << password;
  }
}

TEST(PasswordStrength, a_letter_of_another_script_counts_once) {
  // Eight times one letter is as weak in Cyrillic as it is in Latin.
  EXPECT_LT(password::guesses_log10("\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f", {}),
            required);
  const double latin = password::guesses_log10("xqzjvk", {});
  const double cyrillic = password::guesses_log10("\xd1\x8a\xd1\x84\xd1\x8d\xd1\x85\xd1\x86\xd1\x89", {});
  EXPECT_LT(cyrillic, latin * 2);
}

TEST(PasswordStrength, length_helps_only_when_it_is_not_repetition) {
  EXPECT_LT(password::guesses_log10(std::string(256, 'a'), user), required);
  std::string mixed(40, 'a');
  mixed += "gkvtwqzpyhxmbrd";
  EXPECT_GE(password::guesses_log10(mixed, user), required);
}

TEST(PasswordStrength, J11_takes_bounded_time) {
  // Each of these takes zxcvbn seconds as a whole.
  std::vector<std::string> slow;
  for (const std::string_view unit : {"12", "21", "23", "1", "a", "qw", "1212x"}) {
    std::string text;
    while (text.size() < 1000) text += unit;
    slow.push_back(text);
  }
  slow.push_back(std::string(1'000'000, '1'));
  const std::vector<std::string> inputs = {std::string(100'000, 'x') + "@example.com",
                                           std::string(100'000, '.'), "12", "1212"};
  for (const std::string& password : slow) {
    const std::clock_t start = std::clock();  // of the processor, so that a busy machine does not matter
    static_cast<void>(password::guesses_log10(password, inputs));
    EXPECT_LT(std::clock() - start, CLOCKS_PER_SEC / 5) << password.substr(0, 10);
  }
}

/// The processor's time for one estimate, so that a busy machine does not matter.
double seconds_for(const std::string& password, const std::vector<std::string>& inputs) {
  double best = 1;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t start = std::clock();
    static_cast<void>(password::guesses_log10(password, inputs));
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

TEST(PasswordStrength, F49_J11_the_time_does_not_grow_with_the_length) {
  const std::vector<std::string> inputs = {"12121212@example.com", "1212"};
  for (const std::string_view unit :
       {"12", "21", "1", "1212x", "010119", "787887878878", "password1", "1qaz", "\xc3\xa9", "aA1!"}) {
    const auto of_size = [&](std::size_t size) {
      std::string text;
      while (text.size() < size) text += unit;
      return text;
    };
    const double usual = std::max(seconds_for(of_size(96), inputs), 0.001);
    EXPECT_LT(seconds_for(of_size(96), inputs), 0.02) << unit;
    EXPECT_LT(seconds_for(of_size(256), inputs), 3 * usual) << unit;
    EXPECT_LT(seconds_for(of_size(100'000), inputs), 5 * usual) << unit;
  }
}

TEST(PasswordStrength, F55_S07_patterns_of_the_keyboard_are_weak) {
  for (const std::string_view password :
       {"1qaz2wsx3edc", "1qaz2wsx3edc4rfv", "q1w2e3r4t5",   "q1w2e3r4t5y6", "1q2w3e4r5t6y", "qweasdzxc",
        "123qweasdzxc", "qazxswedc",        "qazwsxedcrfv", "azsxdcfv",     "qawsedrf",     "zxcasdqwe",
        "a1s2d3f4",     "1qa2ws3ed",        "12qw34er",     "zxasqw12",     "147896325",    "123698745",
        "12369874",     "192837465",        "1029384756",   "10203040",     "12131415",     "13243546",
        "!QAZ2wsx#EDC", "1QAZ2wsx3EDC",     "7894561230",   "1234qwer"}) {
    EXPECT_LT(password::guesses_log10(password, user), required) << password;
  }
}

TEST(PasswordStrength, F55_S08_what_only_looks_like_a_pattern_is_not) {
  for (const std::string_view password :
       {"qaz7mkp2wsx", "1qaz!lemon", "q1w2 tiger", "ghostly plum", "xK3!pq9Z", "19283 lamp", "vfr4 umbrella",
        "plokijuh zebra", "w8Rq2zTn"}) {
    EXPECT_GE(password::guesses_log10(password, user), required) << password;
  }
}

TEST(PasswordStrength, F55_a_part_several_times_is_hardly_better_than_once) {
  EXPECT_LT(password::guesses_log10("gn56gn56", user), required);
  EXPECT_LT(password::guesses_log10("abc1abc1abc1abc1", user), required);
  EXPECT_GE(password::guesses_log10("xK3!pq9ZxK3!pq9Z", user), required);
}

/// The passwords of Debian's python3-zxcvbn, the most common first: what the program was built from.
TEST(PasswordStrength, F55_S07_none_of_the_most_common_leaked_passwords_passes) {
  std::ifstream lists{"/usr/lib/python3/dist-packages/zxcvbn/frequency_lists.py"};
  const std::string text{std::istreambuf_iterator<char>{lists}, {}};
  const std::size_t start = text.find("\"passwords\": \"");
  if (start == std::string::npos || password::common_password_numbers.empty())
    GTEST_SKIP() << "the program was built without python3-zxcvbn, or it is not here";
  std::istringstream words{text.substr(start + 14, text.find('"', start + 15) - start - 14)};
  int tried = 0;
  for (std::string word; tried < 3000 && std::getline(words, word, ',');) {
    if (word.size() < 8 || word.find_first_of("\\'\"") != std::string::npos) continue;
    EXPECT_LT(password::guesses_log10(word, {}), required) << word;
    word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
    EXPECT_LT(password::guesses_log10(word, {}), required) << word;
    ++tried;
  }
  EXPECT_EQ(tried, 3000);
  EXPECT_FALSE(password::is_common_password("secure_password"));
}

TEST(PasswordStrength, takes_any_bytes) {
  EXPECT_GE(password::guesses_log10(std::string_view("\0\xff\x80\xc3", 4), {}), 0);
  EXPECT_GE(password::guesses_log10("\x80\x80\x80", std::vector<std::string>{"\xff", std::string(3, '\0')}),
            0);
}

}  // namespace
}  // namespace latchkey::crypto
