/**
 * What suites of JSON tests try besides the cases of the other files, by the part of RFC 8259 that decides. The cases are
 * written from the grammar, none is copied.
 */

import { accepted, disputed, type JsonCase, raw, rejected } from "./case.ts";

const asWritten = "RFC 8259 §6: the grammar has no bound, and we forward the spelling";
const surrogate =
  "RFC 8259 §8.2: what readers make of it is unpredictable; read_message.ts decides how deep it may stand";

const arrays: readonly JsonCase[] = [
  accepted("an array that ends with an empty string", '["a",""]', "RFC 8259 §5"),
  accepted("an array of nulls and one number", "[1,null,null,null,2]", "RFC 8259 §5"),
  accepted("an array with a space before its end", '["a" ]', "RFC 8259 §2"),
  accepted("an array behind a space", " [1]", "RFC 8259 §2"),
  accepted("an array before spaces and a line feed", "[2] \n", "RFC 8259 §2"),
  accepted("arrays inside each other with line feeds", "[[\n] , [\n]]", "RFC 8259 §2"),
  rejected("an array of nothing but commas", "[,,]", "syntax", "RFC 8259 §5"),
  rejected("an array closed twice", '["x"]]', "trailing", "RFC 8259 §5"),
  rejected("an array with a colon in place of a comma", '["": 1]', "syntax", "RFC 8259 §5"),
  rejected("an array with a semicolon", "[1;2]", "syntax", "RFC 8259 §5"),
  rejected("an array in an array without a comma", "[3[4]]", "syntax", "RFC 8259 §5"),
  rejected("an array with a star", "[*]", "syntax", "RFC 8259 §5"),
  rejected(
    "an array closed behind a vertical tab in a string",
    '["\va"]',
    "control_character",
    "RFC 8259 §7",
  ),
  rejected("an array and then a name", "[][]x", "trailing", "RFC 8259 §2"),
  rejected("a star", "*", "syntax", "RFC 8259 §3"),
  rejected("angle brackets", "<.>", "syntax", "RFC 8259 §3"),
  rejected("nothing but an angle bracket", "<null>", "syntax", "RFC 8259 §3"),
];

const objects: readonly JsonCase[] = [
  accepted("an object with a key that holds an escaped NUL", '{"foo\\u0000bar":42}', "RFC 8259 §7"),
  accepted(
    "an object with the least and the greatest number of a double",
    '{"min":-1.0e+28,"max":1.0e+28}',
    asWritten,
  ),
  accepted(
    "an object with long strings",
    `{"x":[{"id":"${"x".repeat(40)}"}],"id":"${"x".repeat(40)}"}`,
    "RFC 8259 §4",
  ),
  accepted("an object with keys in another script", '{"\u043f\u0440":"\u043e"}', "RFC 8259 §7"),
  accepted("an object with line feeds between its tokens", '{\n"a":"b"\n}', "RFC 8259 §2"),
  rejected("an object whose key is an array", '{["a"]:1}', "syntax", "RFC 8259 §4"),
  rejected("an object whose key is null", "{null:null}", "syntax", "RFC 8259 §4"),
  rejected("an object with a bare emoji", "{\ud83c\udde8\ud83c\udded}", "syntax", "RFC 8259 §4"),
  rejected("an object with a value before a colon", '{"x"::"b"}', "syntax", "RFC 8259 §4"),
  rejected("an object with two commas behind each other", '{"id":0,,"b":1}', "syntax", "RFC 8259 §4"),
  rejected("an object with several commas at its end", '{"id":0,,,,,}', "syntax", "RFC 8259 §4"),
  rejected("an object with a garbled key", '{"x", null}', "syntax", "RFC 8259 §4"),
  rejected("an object with a single quote in place of a key", "{'a':0}x", "syntax", "RFC 8259 §7"),
  rejected("an object before a comment", '{"a":"b"}/**/', "trailing", "RFC 8259 has no comments"),
  rejected("an object before half a comment", '{"a":"b"}/**//', "trailing", "RFC 8259 has no comments"),
  rejected("an object with a hash behind it", '{"a":"b"}#{}', "trailing", "RFC 8259 §2"),
  rejected("an object in parentheses", '({"a":1})', "syntax", "JSONP, not JSON"),
  rejected("an object behind an assignment", 'a={"b":1}', "syntax", "JavaScript, not JSON"),
  rejected(
    "an object behind the prefix that stops scripts",
    ")]}',\n{}",
    "syntax",
    "what some servers send to browsers",
  ),
  rejected(
    "an object behind a record separator",
    "\x1e{}",
    "control_character",
    "RFC 7464 is another format",
  ),
];

const numbers: readonly JsonCase[] = [
  accepted("a number behind a space", "[ 4]", "RFC 8259 §2"),
  accepted("a double close to zero", `-0.${"0".repeat(77)}1`, asWritten),
  accepted("a minus one", "[-1]", "RFC 8259 §6"),
  accepted("a capital exponent with a minus", "[1E-2]", "RFC 8259 §6"),
  accepted("a capital exponent with a plus", "[1E+2]", "RFC 8259 §6"),
  accepted("a fraction with an exponent", "[123.456e78]", "RFC 8259 §6"),
  accepted(
    "a huge exponent",
    "[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999]",
    asWritten,
  ),
  accepted("a huge negative exponent", "[123.456e-789]", asWritten),
  accepted("a negative integer beyond 64 bits", "[-123123123123123123123123123123]", asWritten),
  accepted("a number one above the greatest of 64 bits", "[18446744073709551616]", asWritten),
  rejected("a number with two plus signs", "[++1234]", "syntax", "RFC 8259 §6"),
  rejected("a number with a minus inside", "[1-2]", "syntax", "RFC 8259 §6"),
  rejected("a number with a space inside", "[1 000.0]", "syntax", "RFC 8259 §6"),
  rejected("a number with a point and an e", "[0.e1]", "syntax", "RFC 8259 §6"),
  rejected("a number with an e and a point", "[0.3e+]", "syntax", "RFC 8259 §6"),
  rejected("a number with an e and a minus alone", "[1.0e-]", "syntax", "RFC 8259 §6"),
  rejected("a number with a comma for a point", "[1,5e]", "syntax", "RFC 8259 §6"),
  rejected("a number of letters that look like digits", "[lO]", "syntax", "RFC 8259 §6"),
  rejected("a negative hexadecimal", "[-0x1]", "syntax", "RFC 8259 §6"),
  rejected("a negative NaN", "[-NaN]", "syntax", "RFC 8259 §6"),
  rejected("Inf", "[Inf]", "syntax", "RFC 8259 §6"),
  rejected("an expression", "[1+2]", "syntax", "RFC 8259 §6"),
  rejected("an octal of a newer kind", "[0o17]", "syntax", "RFC 8259 §6"),
  rejected("a number with a byte behind it that is no UTF-8", raw("[0\xe5]"), "syntax", "RFC 8259 §2"),
];

const strings: readonly JsonCase[] = [
  accepted("a string with a backslash and the letters of an escape", '["\\\\u0012\\\\n"]', "RFC 8259 §7"),
  accepted("a string with an escaped control character", '["\\u0012"]', "RFC 8259 §7"),
  accepted("a string with an escaped noncharacter", '["\\uFFFF"]', "RFC 8259 §7"),
  accepted("a string with an escaped noncharacter of another plane", '["\\uDBFF\\uDFFE"]', "RFC 8259 §7"),
  accepted("a string with the code unit before the surrogates", '["\\uD7FF"]', "RFC 8259 §7"),
  accepted("a string with a comment", '["a/*b*/c/*d//e"]', "RFC 8259 §7"),
  accepted("a string with an escaped invisible plus", '["\\u2064"]', "RFC 8259 §7"),
  accepted("a string with an escaped byte order mark", '["\\uFEFF"]', "RFC 8259 §7"),
  accepted("a string with a word joiner and a direction mark", '["\u2060\u202e"]', "RFC 8259 §7"),
  accepted("a string with a combining mark first", '["\u0301a"]', "RFC 8259 §7"),
  disputed("a lone lead escaped in an array", '["\\uD800"]', "accept", surrogate),
  disputed("a lone trail escaped in an array", '["\\uDC00"]', "accept", surrogate),
  disputed("two leads escaped", '["\\uD800\\uD800\\n"]', "accept", surrogate),
  disputed("a pair escaped in the wrong order", '["\\uDd1e\\uD834"]', "accept", surrogate),
  disputed("a lead escaped before a character", '["\\uD888\\u1234"]', "accept", surrogate),
  disputed("a lead escaped as an object's key", '{"\\uD800":1}', "accept", surrogate),
  rejected("a lead escaped and half a trail", '["\\uD800\\u1"]', "syntax", "RFC 8259 §7"),
  rejected("a lead escaped and an empty escape", '["\\uD800\\u"]', "syntax", "RFC 8259 §7"),
  rejected(
    "a lead escaped and a bare backslash",
    '["\\uD800\\"]',
    "unfinished",
    "RFC 8259 §7: the quote is escaped",
  ),
  rejected("a string that begins in an escape", '\\u0020"asd"', "syntax", "RFC 8259 §7"),
  rejected("a string with an escaped emoji", '["\\\ud83c\udf00"]', "syntax", "RFC 8259 §7"),
  rejected("a string with an escape of a tab", '["\\\t"]', "syntax", "RFC 8259 §7"),
  rejected("a string with a capital escape letter", '["\\N"]', "syntax", "RFC 8259 §7"),
  rejected(
    "a string with three backslashes",
    '["\\\\\\"]',
    "unfinished",
    "RFC 8259 §7: the quote is escaped",
  ),
  rejected("a string in typographic quotes", "[\u201ca\u201d]", "syntax", "RFC 8259 §7"),
  rejected("a string in backquotes", "[`a`]", "syntax", "JavaScript, not JSON"),
  rejected("a string without its first quote", '[a"]', "syntax", "RFC 8259 §7"),
  rejected("two strings side by side", '["a" "b"]', "syntax", "C joins them, JSON does not"),
  rejected("a string with UTF-8 cut inside", raw('["\xe0\xff"]'), "utf8", "RFC 3629 §3"),
  rejected(
    "a string in UTF-16, big end first",
    raw('\0[\0"\0\xe9\0"\0]'),
    "control_character",
    "RFC 8259 §8.1",
  ),
];

export const wellKnown: readonly JsonCase[] = [...arrays, ...objects, ...numbers, ...strings];
