#include "crypto/password/strength.h"

#include <gtest/gtest.h>

#include <ctime>
#include <vector>

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

TEST(PasswordStrength, takes_any_bytes) {
  EXPECT_GE(password::guesses_log10(std::string_view("\0\xff\x80\xc3", 4), {}), 0);
  EXPECT_GE(password::guesses_log10("\x80\x80\x80", std::vector<std::string>{"\xff", std::string(3, '\0')}),
            0);
}

}  // namespace
}  // namespace latchkey::crypto
