#include "base/bytes.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

// RFC 4648 §10, in the alphabet of §5 and without padding.
struct Vector {
  std::string_view bytes;
  std::string_view text;
};
constexpr Vector vectors[] = {
    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};

TEST(Base64url, encodes_and_decodes_the_vectors_of_rfc_4648) {
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode_base64url(view_bytes(bytes)), text);
    const auto decoded = decode_base64url(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(view_text(*decoded), bytes);
  }
}

TEST(Base64url, T08_refuses_every_spelling_but_the_one_it_writes) {
  for (const std::string_view text : {"Z", "Zg==", "Zm8=", "Zm9vYmE=", "Zh", "Zm9", "Zm+v", "Zm/v", " Zg",
                                      "Zg ", "Z\ng", "Zm.v", "Zm9vY", "=", "====", "Zm9v\xc3\xa9"}) {
    EXPECT_FALSE(decode_base64url(text)) << text;
  }
  EXPECT_FALSE(decode_base64url(std::string_view("Zm\0v", 4)));
}

TEST(Base64url, every_text_of_three_characters_is_refused_or_its_own_encoding) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::size_t accepted = 0;
  for (const char a : alphabet) {
    for (const char b : alphabet) {
      for (const char c : alphabet) {
        const std::string text{a, b, c};
        if (const auto bytes = decode_base64url(text)) {
          ++accepted;
          ASSERT_EQ(encode_base64url(*bytes), text);
        }
      }
    }
  }
  EXPECT_EQ(accepted, 65536U);
}

TEST(Base64url, a_value_of_known_length_has_exactly_that_length) {
  std::array<std::uint8_t, 3> three{};
  EXPECT_TRUE(decode_base64url("Zm9v", three));
  EXPECT_EQ(view_text(three), "foo");
  EXPECT_FALSE(decode_base64url("Zm8", three));
  EXPECT_FALSE(decode_base64url("Zm9vYg", three));
  EXPECT_FALSE(decode_base64url("", three));
  EXPECT_TRUE(decode_base64url("", std::span<std::uint8_t>{}));
}

TEST(Base64, has_its_own_alphabet_with_or_without_padding) {
  const Bytes bytes{0xfb, 0xff, 0xbf, 0x66};
  EXPECT_EQ(encode_base64(bytes, Padding::none), "+/+/Zg");
  EXPECT_EQ(encode_base64(bytes, Padding::full), "+/+/Zg==");
  EXPECT_EQ(encode_base64(ByteView(bytes).first(3), Padding::full), "+/+/");
  EXPECT_EQ(encode_base64({}, Padding::full), "");
  EXPECT_EQ(decode_base64("+/+/Zg"), bytes);
  for (const char* text : {"+/+/Zg==", "-_-_Zg", "+/+_Zg", "+/+/Zh", "+/+/Z", "+/ +/Zg"})
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace latchkey
