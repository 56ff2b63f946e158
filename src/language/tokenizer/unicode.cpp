#include "language/tokenizer/unicode.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "base/check.h"

namespace frugal {

static_assert(category::Lu == 1u << UTF8PROC_CATEGORY_LU && category::Co == 1u << UTF8PROC_CATEGORY_CO &&
              category::Pc == 1u << UTF8PROC_CATEGORY_PC && category::Zs == 1u << UTF8PROC_CATEGORY_ZS);

Utf8Char decode_multibyte(const char* p, const char* end) {
  const auto* s = reinterpret_cast<const unsigned char*>(p);
  const std::ptrdiff_t left = end - p;
  const unsigned first = s[0];
  auto follows = [&](int i) { return (s[i] & 0xC0u) == 0x80; };
  if (first < 0xC2 || first > 0xF4) return {kInvalidChar, 1};
  if (first < 0xE0) {
    if (left < 2 || !follows(1)) return {kInvalidChar, 1};
    return {(first & 0x1F) << 6 | (s[1] & 0x3Fu), 2};
  }
  if (first < 0xF0) {
    if (left < 3 || !follows(1) || !follows(2)) return {kInvalidChar, 1};
    const char32_t code = (first & 0x0F) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
    if (code < 0x800 || (code >= 0xD800 && code < 0xE000)) return {kInvalidChar, 1};
    return {code, 3};
  }
  if (left < 4 || !follows(1) || !follows(2) || !follows(3)) return {kInvalidChar, 1};
  const char32_t code = (first & 0x07) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
  if (code < 0x10000 || code > 0x10FFFF) return {kInvalidChar, 1};
  return {code, 4};
}

const char* previous_char(const char* begin, const char* p) {
  for (int back = 1; back <= 4 && p - back >= begin; ++back) {
    const char* start = p - back;
    if ((static_cast<unsigned char>(*start) & 0xC0u) == 0x80) continue;
    if (start + decode_char(start, p).bytes == p) return start;
    break;
  }
  return p - 1;
}

void append_utf8(std::string& text, char32_t code) {
  FRUGAL_ASSERT(code <= 0x10FFFF);
  auto add = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6), add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12), add(0x80 | (code >> 6 & 0x3F)), add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18), add(0x80 | (code >> 12 & 0x3F)), add(0x80 | (code >> 6 & 0x3F)), add(0x80 | (code & 0x3F));
  }
}

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

bool is_valid_utf8(std::string_view text) {
  const char* end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    Utf8Char c = decode_char(p, end);
    if (c.code == kInvalidChar) return false;
    p += c.bytes;
  }
  return true;
}

std::string valid_utf8(std::string_view text) {
  std::string result;
  const char* end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    Utf8Char c = decode_char(p, end);
    append_utf8(result, c.code == kInvalidChar ? 0xFFFD : c.code);
    p += c.bytes;
  }
  return result;
}

std::uint32_t category_bit(char32_t code) {
  if (code > 0x10FFFF) return category::Cn;
  return 1u << utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

bool is_white_space(char32_t code) {
  if (code < 0x80) return code == ' ' || (code >= 9 && code <= 13);
  return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

void append_lower(std::string& text, char32_t code) {
  if (code == 0x130) {  // the only character whose lower case is two
    text += "i\xCC\x87";
    return;
  }
  append_utf8(text, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
}

void append_upper(std::string& text, char32_t code) {
  if (code == 0xDF) {
    text += "SS";
    return;
  }
  append_utf8(text, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code))));
}

std::string normal_form(std::string_view text, NormalForm form) {
  if (is_ascii(text)) return std::string(text);
  int options = UTF8PROC_STABLE;
  options |= form == NormalForm::nfc || form == NormalForm::nfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::nfkc || form == NormalForm::nfkd) options |= UTF8PROC_COMPAT;
  const std::string valid = valid_utf8(text);
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()), static_cast<utf8proc_ssize_t>(valid.size()),
                   &mapped, static_cast<utf8proc_option_t>(options));
  if (size < 0) fail("a text of {} bytes cannot be normalised: {}", text.size(), utf8proc_errmsg(size));
  std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

}  // namespace frugal
