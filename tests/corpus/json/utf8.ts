/** UTF-8 at every boundary of RFC 3629 §4. Bytes are written one per character. */

import { accepted, type JsonCase, raw, rejected } from "./case.ts";

const valid: readonly [name: string, bytes: string][] = [
  ["U+007F, the last of one byte", "\x7f"],
  ["U+0080, the first of two bytes", "\xc2\x80"],
  ["U+07FF, the last of two bytes", "\xdf\xbf"],
  ["U+0800, the first of three bytes", "\xe0\xa0\x80"],
  ["U+0FFF", "\xe0\xbf\xbf"],
  ["U+1000", "\xe1\x80\x80"],
  ["U+CFFF", "\xec\xbf\xbf"],
  ["U+D7FF, before the surrogates", "\xed\x9f\xbf"],
  ["U+E000, behind the surrogates", "\xee\x80\x80"],
  ["U+FFFD", "\xef\xbf\xbd"],
  ["U+FFFE, no character but valid", "\xef\xbf\xbe"],
  ["U+FFFF, the last of three bytes", "\xef\xbf\xbf"],
  ["U+10000, the first of four bytes", "\xf0\x90\x80\x80"],
  ["U+3FFFF", "\xf0\xbf\xbf\xbf"],
  ["U+40000", "\xf1\x80\x80\x80"],
  ["U+FFFFF", "\xf3\xbf\xbf\xbf"],
  ["U+100000", "\xf4\x80\x80\x80"],
  ["U+10FFFF, the last of all", "\xf4\x8f\xbf\xbf"],
];

const invalid: readonly [name: string, bytes: string, because: string][] = [
  ["a continuation byte 0x80 alone", "\x80", "nothing to continue"],
  ["a continuation byte 0xBF alone", "\xbf", "nothing to continue"],
  ["lead byte 0xC0", "\xc0\x80", "overlong: a NUL that C programs do not see"],
  ["lead byte 0xC1", "\xc1\xbf", "overlong"],
  ["an overlong slash in two bytes", "\xc0\xaf", "overlong: the path traversal of 2000"],
  ["an overlong quote in two bytes", "\xc0\xa2", "overlong: ends the string for lax decoders"],
  ["an overlong slash in three bytes", "\xe0\x80\xaf", "overlong"],
  ["an overlong slash in four bytes", "\xf0\x80\x80\xaf", "overlong"],
  ["0xE0 0x9F, overlong by one", "\xe0\x9f\xbf", "overlong: U+07FF has two bytes"],
  ["0xF0 0x8F, overlong by one", "\xf0\x8f\xbf\xbf", "overlong: U+FFFF has three bytes"],
  ["a surrogate U+D800", "\xed\xa0\x80", "RFC 3629 §3: surrogates are no characters"],
  ["a surrogate U+DFFF", "\xed\xbf\xbf", "RFC 3629 §3"],
  ["a pair of surrogates, as CESU-8", "\xed\xa0\xbd\xed\xb8\x80", "RFC 3629 §3"],
  ["0xF4 0x90, above U+10FFFF", "\xf4\x90\x80\x80", "RFC 3629 §3"],
  ["lead byte 0xF5", "\xf5\x80\x80\x80", "above U+10FFFF"],
  ["lead byte 0xF8, five bytes", "\xf8\x88\x80\x80\x80", "RFC 2279, no longer UTF-8"],
  ["lead byte 0xFC, six bytes", "\xfc\x84\x80\x80\x80\x80", "RFC 2279, no longer UTF-8"],
  ["byte 0xFE", "\xfe", "never in UTF-8"],
  ["byte 0xFF", "\xff", "never in UTF-8"],
  ["two bytes, the second missing", "\xc3", "the quote continues nothing"],
  ["three bytes, the third missing", "\xe2\x82", "the quote continues nothing"],
  ["four bytes, the fourth missing", "\xf0\x9f\x98", "the quote continues nothing"],
  ["two bytes, the second ASCII", "\xc3a", "not continued"],
  ["two bytes, the second 0xC0", "\xc3\xc0", "not continued"],
  ["three bytes, the second ASCII", "\xe2a\x82", "not continued"],
  ["three bytes, the third 0x7F", "\xe2\x82\x7f", "not continued"],
  ["four bytes, the second ASCII", "\xf0a\x98\x80", "not continued"],
  ["four bytes, the third 0xC0", "\xf0\x9f\xc0\x80", "not continued"],
  ["four bytes, the fourth 0x7F", "\xf0\x9f\x98\x7f", "not continued"],
  ["Latin-1", "caf\xe9", "not UTF-8"],
];

const cut: readonly [name: string, bytes: string][] = [
  ["two bytes cut after one", '"\xc3'],
  ["three bytes cut after two", '"\xe2\x82'],
  ["four bytes cut after three", '"\xf0\x9f\x98'],
];

export const utf8: readonly JsonCase[] = [
  ...valid.flatMap(([name, bytes]) => [
    accepted(`${name} in a value`, raw(`"${bytes}"`), "RFC 3629 §4"),
    accepted(`${name} in a key`, raw(`{"${bytes}":1}`), "RFC 3629 §4"),
  ]),
  ...invalid.flatMap(([name, bytes, because]) => [
    rejected(`${name} in a value`, raw(`"${bytes}"`), "utf8", because),
    rejected(`${name} in a key`, raw(`{"${bytes}":1}`), "utf8", because),
    rejected(
      `${name} amid a long plain run`,
      raw(`"${"x".repeat(300)}${bytes}${"x".repeat(20)}"`),
      "utf8",
      because,
    ),
  ]),
  ...cut.map(([name, bytes]) => rejected(name, raw(bytes), "utf8", "a cut message")),
];
