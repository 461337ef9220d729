#include "crypto/totp.h"

#include <gtest/gtest.h>

namespace latchkey::crypto::totp_test {
namespace {

const Secret secret{std::string_view("12345678901234567890")};

Timestamp at(std::int64_t seconds) { return Timestamp{Seconds{seconds}}; }

// RFC 6238, appendix B, for SHA-1: the last six of its eight digits.
TEST(Totp, TheVectorsOfTheRfc) {
  const std::pair<std::int64_t, const char*> vectors[] = {{59, "287082"},         {1111111109, "081804"},
                                                          {1111111111, "050471"}, {1234567890, "005924"},
                                                          {2000000000, "279037"}, {20000000000, "353130"}};
  for (const auto& [seconds, code] : vectors)
    EXPECT_EQ(totp_code(secret, totp_step(at(seconds))), code) << seconds;
}

TEST(Totp, ACodeIsGoodForItsPeriodAndOneOnEachSide) {
  const std::int64_t step = 1000;
  const std::string code = totp_code(secret, step);
  for (const std::int64_t seconds : {29970, 29999, 30000, 30029, 30030, 30059})
    EXPECT_EQ(find_totp_step(secret, code, at(seconds), 0), step) << seconds;
  for (const std::int64_t seconds : {29969, 30060})
    EXPECT_FALSE(find_totp_step(secret, code, at(seconds), 0)) << seconds;
}

TEST(Totp, AStepThatWasUsedAndThoseBeforeItAreNot) {
  EXPECT_EQ(find_totp_step(secret, totp_code(secret, 1000), at(30000), 999), 1000);
  EXPECT_FALSE(find_totp_step(secret, totp_code(secret, 1000), at(30000), 1000));
  EXPECT_FALSE(find_totp_step(secret, totp_code(secret, 999), at(30000), 1000));
  EXPECT_EQ(find_totp_step(secret, totp_code(secret, 1001), at(30000), 1000), 1001);
}

TEST(Totp, OnlySixDigitsAreACode) {
  const std::string code = totp_code(secret, 1000);
  for (const std::string between : {" ", "-", "\t", " - "})
    EXPECT_TRUE(find_totp_step(secret, code.substr(0, 3) + between + code.substr(3), at(30000), 0))
        << between;
  for (const std::string& wrong :
       {std::string(), code.substr(1), code + "0", code + "\n", "-" + code.substr(1), std::string("½23456"),
        std::string(1000, ' ') + code.substr(1)})
    EXPECT_FALSE(find_totp_step(secret, wrong, at(30000), 0)) << wrong;
}

TEST(Totp, TheSecretIsShownInBase32) {
  EXPECT_EQ(totp_secret_text(secret).text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  // RFC 4648 §10, without padding.
  EXPECT_EQ(totp_secret_text(Secret{std::string_view("f")}).text(), "MY");
  EXPECT_EQ(totp_secret_text(Secret{std::string_view("foob")}).text(), "MZXW6YQ");
  EXPECT_EQ(totp_secret_text(Secret{std::string_view("fooba")}).text(), "MZXW6YTB");
}

TEST(Totp, TheUriNamesIssuerAndAccount) {
  EXPECT_EQ(totp_uri(secret, "Bücher & Co", "ada@example.org").text(),
            "otpauth://totp/B%C3%BCcher%20%26%20Co:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
            "&issuer=B%C3%BCcher%20%26%20Co&algorithm=SHA1&digits=6&period=30");
}

}  // namespace
}  // namespace latchkey::crypto::totp_test
