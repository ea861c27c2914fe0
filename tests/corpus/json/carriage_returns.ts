/** Raw carriage returns: legal white space to RFC 8259, the end of a line to programs that read in text mode. */

import { accepted, disputed, type JsonCase, rejected } from "./case.ts";

const splits = "text-mode readers (Python, Node readline) end a line at a CR";

/**
 * JSON.parse reads one harmless call. A Python text-mode server and a Node readline server were seen to read three
 * lines, of which the second is a call of its own.
 */
export const smuggling =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"nested":' +
  '\r{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"delete_everything"}}\r' +
  "}}}";

export const carriageReturns: readonly JsonCase[] = [
  accepted("a CR as the last byte, as CR LF ends a line", "{}\r", "RFC 8259 §2, and the end of the line"),
  accepted("spaces and a CR as the last byte", "{} \t\r", "RFC 8259 §2, and the end of the line"),
  accepted("a number before a CR as the last byte", "1\r", "RFC 8259 §2, and the end of the line"),
  accepted("escaped carriage returns in strings", '{"a\\r":"\\r\\u000d"}', "RFC 8259 §7"),

  disputed("a call hidden between two CRs", smuggling, "stray_cr", splits),
  disputed("a CR before the value", "\r{}", "stray_cr", splits),
  disputed("two CRs at the end", "{}\r\r", "stray_cr", splits),
  disputed("a CR before the last space", "{}\r ", "stray_cr", splits),
  disputed(
    "a CR LF inside the text",
    "{}\r\n",
    "stray_cr",
    "RFC 8259 §2 takes it; a frame never holds a line feed",
  ),
  disputed("a CR behind an opening brace", '{\r"a":1}', "stray_cr", splits),
  disputed("a CR behind a key", '{"a"\r:1}', "stray_cr", splits),
  disputed("a CR behind a colon", '{"a":\r1}', "stray_cr", splits),
  disputed("a CR behind a value", '{"a":1\r}', "stray_cr", splits),
  disputed("a CR behind a comma of an object", '{"a":1,\r"b":2}', "stray_cr", splits),
  disputed("a CR behind an opening bracket", "[\r1]", "stray_cr", splits),
  disputed("a CR behind an element", "[1\r]", "stray_cr", splits),
  disputed("a CR behind a comma of an array", "[1,\r2]", "stray_cr", splits),
  disputed("a CR in an empty array", "[\r]", "stray_cr", splits),
  disputed("a CR among spaces", "[1, \r 2]", "stray_cr", splits),
  rejected("a CR in a string", '"a\rb"', "stray_cr", "RFC 8259 §7"),
  rejected("a CR in a key", '{"a\rb":1}', "stray_cr", "RFC 8259 §7"),
  rejected("a CR in a number", "[1\r2]", "stray_cr", "RFC 8259 §6"),
  rejected("a CR in a literal", "tr\rue", "syntax", "RFC 8259 §3"),
  rejected("a CR at the end of an open string", '"a\r', "stray_cr", "RFC 8259 §7"),
  rejected("a CR at the end of an open object", "{\r", "unfinished", "a cut message"),
  rejected("nothing but a CR", "\r", "empty", "a blank line"),
  rejected("nothing but two CRs", "\r\r", "stray_cr", splits),
];
