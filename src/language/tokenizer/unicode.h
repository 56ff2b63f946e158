// UTF-8 and the classes of characters that tokenizers ask about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace frugal {

// A byte that begins no valid UTF-8 sequence stands for itself, as this code.
inline constexpr char32_t kInvalidChar = 0xFFFFFFFF;

struct Utf8Char {
  char32_t code;
  std::uint32_t bytes;  // 1 for kInvalidChar
};

Utf8Char decode_multibyte(const char* p, const char* end);

// The character at p < end. Overlong forms, surrogates and codes above 10FFFF are invalid.
inline Utf8Char decode_char(const char* p, const char* end) {
  const auto first = static_cast<unsigned char>(*p);
  if (first < 0x80) return {first, 1};
  return decode_multibyte(p, end);
}

// The control character that a regular expression writes as a backslash and this letter.
constexpr std::optional<char32_t> control_escape(char letter) {
  switch (letter) {
    case 'n': return U'\n';
    case 'r': return U'\r';
    case 't': return U'\t';
    case 'f': return U'\f';
    case 'v': return U'\v';
    default: return std::nullopt;
  }
}

// The start of the character that ends before p, where [begin, p) is cut into characters as decode_char does.
const char* previous_char(const char* begin, const char* p);

void append_utf8(std::string& text, char32_t code);
bool is_ascii(std::string_view text);
bool is_valid_utf8(std::string_view text);
std::string valid_utf8(std::string_view text);  // what is broken becomes U+FFFD

// Bit 1 << category (utf8proc_category_t) of the character; Cn for kInvalidChar.
std::uint32_t category_bit(char32_t code);

namespace category {
inline constexpr std::uint32_t Cn = 1u << 0, Lu = 1u << 1, Ll = 1u << 2, Lt = 1u << 3, Lm = 1u << 4, Lo = 1u << 5,
                               Mn = 1u << 6, Mc = 1u << 7, Me = 1u << 8, Nd = 1u << 9, Nl = 1u << 10, No = 1u << 11,
                               Pc = 1u << 12, Pd = 1u << 13, Ps = 1u << 14, Pe = 1u << 15, Pi = 1u << 16, Pf = 1u << 17,
                               Po = 1u << 18, Sm = 1u << 19, Sc = 1u << 20, Sk = 1u << 21, So = 1u << 22, Zs = 1u << 23,
                               Zl = 1u << 24, Zp = 1u << 25, Cc = 1u << 26, Cf = 1u << 27, Cs = 1u << 28, Co = 1u << 29;
inline constexpr std::uint32_t L = Lu | Ll | Lt | Lm | Lo, M = Mn | Mc | Me, N = Nd | Nl | No,
                               P = Pc | Pd | Ps | Pe | Pi | Pf | Po, S = Sm | Sc | Sk | So, Z = Zs | Zl | Zp,
                               C = Cn | Cc | Cf | Cs | Co;
}  // namespace category

bool is_white_space(char32_t code);  // the Unicode property White_Space

// Of one character (no context, as Rust's char::to_lowercase does it).
void append_lower(std::string& text, char32_t code);
void append_upper(std::string& text, char32_t code);  // ß becomes SS

enum class NormalForm { nfc, nfd, nfkc, nfkd };
// Text that is not valid UTF-8 comes back with U+FFFD in place of what is broken.
std::string normal_form(std::string_view text, NormalForm form);

}  // namespace frugal
