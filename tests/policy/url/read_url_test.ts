import assert from "node:assert/strict";
import fc from "fast-check";
import { checkedTextCharactersMax } from "../../../src/limits.ts";
import { formatAddress } from "../../../src/policy/url/address.ts";
import { coversHost, describeHost } from "../../../src/policy/url/host_rule.ts";
import { readUrl } from "../../../src/policy/url/read_url.ts";

/** `scheme host port`, or why there is no reading. */
function shown(text: string): string {
  const url = readUrl(text);
  if (url.kind === "unknown") return `unknown: ${url.why}`;
  return `${url.scheme} ${describeHost(url.host)}${url.port === undefined ? "" : ` ${url.port}`}`;
}

Deno.test("readUrl() reads what every parser reads alike", () => {
  const table: [string, string][] = [
    ["https://example.com", "https example.com"],
    ["HTTPS://EXAMPLE.com/", "https example.com"],
    ["https://example.com./", "https example.com"],
    ["https://example.com:443/", "https example.com 443"],
    ["https://example.com:1/", "https example.com 1"],
    ["https://example.com:65535", "https example.com 65535"],
    ["https://example.com?a=b", "https example.com"],
    ["https://example.com#a", "https example.com"],
    ["https://example.com/?u=https://evil.com/&v=a@b", "https example.com"],
    ["https://example.com/@user/x", "https example.com"],
    ["https://example.com//evil.com", "https example.com"],
    ["https://example.com/%2e%2e/%00", "https example.com"],
    ['https://example.com/{a,b}|[1]"<>^`', "https example.com"],
    ["https://example.com/straße/日本", "https example.com"],
    ["https://r3---sn-a.example.com/", "https r3---sn-a.example.com"],
    ["https://1e100.net", "https 1e100.net"],
    ["https://3com.example", "https 3com.example"],
    ["https://localhost/", "https localhost"],
    ["https://münchen.de/", "https xn--mnchen-3ya.de"],
    ["https://日本語.jp/", "https xn--wgv71a119e.jp"],
    ["https://xn--wgv71a119e.jp/", "https xn--wgv71a119e.jp"],
    ["http://192.0.2.1/", "http 192.0.2.1"],
    ["http://[2001:db8::1]:8080/", "http 2001:db8:0:0:0:0:0:1 8080"],
    ["http://[::ffff:192.0.2.1]/", "http 0:0:0:0:0:ffff:c000:201"],
    ["http://[2001:DB8:0:0:0:0:0:1]", "http 2001:db8:0:0:0:0:0:1"],
    ["postgres://db.example.com/x", "postgres db.example.com"],
    ["git+ssh://git.example.com:22/x", "git+ssh git.example.com 22"],
  ];
  for (const [text, expected] of table) assert.equal(shown(text), expected, text);
});

/** Each is read as another host by one parser or another, or as none. */
const tricks: readonly (readonly [string, readonly string[]])[] = [
  ["a user name stands before its host", [
    "https://good.com@evil.com/",
    "https://good.com:pw@evil.com/",
    "https://good.com:443@evil.com/",
    "https://@evil.com/",
    "https://a@b@evil.com/",
    "https://good.com%2f@evil.com/",
    "https://good.com%00@evil.com/",
    "https://[::1]@evil.com/",
    "https://good.com;@evil.com/",
    "https://evil.com@good.com/",
  ]],
  ["an @ stands behind its host without a slash between", [
    "https://good.com#@evil.com/",
    "https://good.com?@evil.com/",
    "https://good.com:80#@evil.com:80/",
    "https://good.com?x=%40evil.com",
    "https://good.com#%2540evil.com",
    "https://good.com#%252540evil.com",
  ]],
  ["it holds a space, a backslash or a character that cannot be seen", [
    "https://good.com\\@evil.com/",
    "https://good.com\\.evil.com/",
    "https:\\\\evil.com/",
    "https:/\\evil.com",
    "\\\\evil.com\\x",
    "https://evil.com/\\good.com",
    " https://evil.com/",
    "https://evil.com/ ",
    "\thttps://evil.com/",
    "https://evil.com/\n",
    "ht\ttps://evil.com/",
    "https://ev\nil.com/",
    "https://ev\ril.com/",
    "https://evil.com\t.good.com/",
    "https://good.com &@evil.com# @x.com/",
    "https://evil.com\0.good.com/",
    "https://evil.com/\u00a0",
    "https://ev\u200bil.com/",
    "https://ev\u00adil.com/",
    "https://good.com\u2028.evil.com/",
    "\ufeffhttps://evil.com/",
    "https://ev\u2060il.com/",
    "https://evil.com/\ud800",
    "https://a\u200db.com/",
    "https://\u202emoc.live/",
    "https://evil.com\u3000/",
  ]],
  ["it is no absolute URL with two slashes behind its scheme", [
    "",
    "evil.com",
    "www.evil.com/x",
    "//evil.com/",
    "/evil.com",
    "https:evil.com",
    "https:/evil.com",
    "https//evil.com",
    "://evil.com",
    "1https://evil.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:a@evil.com",
    "blob:https://evil.com/x",
    "view-source:https://evil.com/",
    "jar:http://evil.com!/x",
    "url:https://evil.com/",
    "<https://evil.com/>",
    "[https://evil.com/]",
    "ｈttps://evil.com/",
    "https：//evil.com/",
    "https%3A%2F%2Fevil.com",
    "https:%2f%2fevil.com",
    "example.com:443",
    '"https://evil.com/"',
  ]],
  ["it names no host", [
    "https:///evil.com/",
    "https:////evil.com",
    "https://",
    "https://?x",
    "https://:80/",
  ]],
  ["a file: URL leads to no host", ["file:///etc/passwd", "FILE://evil.com/share", "file://localhost/x"]],
  ["its port has no one meaning", [
    "https://evil.com:/",
    "https://evil.com:0/",
    "https://evil.com:080/",
    "https://evil.com:0443/",
    "https://evil.com:65536/",
    "https://evil.com:99999/",
    "https://evil.com:4294967739/",
    "https://evil.com:80:443/",
    "https://evil.com:+80/",
    "https://evil.com:-80/",
    "https://evil.com:8e1/",
    "https://evil.com:0x50/",
    "https://evil.com:８０/",
    "https://good.com:80.evil.com/",
    "https://[::1]:/",
    "https://::1]/",
    "https://::1/",
  ]],
  ["its host and port have no one meaning", [
    "https://[::1/",
    "https://[::1]evil.com/",
    "https://[[::1]]/",
    "https://a[::1]/",
    "https://evil.com]/",
  ]],
  ["its address has no one meaning", [
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1.2.3]/",
    "http://[::127.0.0.01]/",
    "http://[1:2:3:4:5:6:7:8:9]/",
    "http://[1::2::3]/",
    "http://[12345::]/",
    "http://[v1.fe80::a]/",
    "http://[]/",
    "http://[127.0.0.1]/",
    "http://[1:2:3:4:5:6:7]/",
    "http://[::g]/",
    "http://[::１]/",
  ]],
  ["its host is a number that readers take for different addresses", [
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0X7F000001/",
    "http://0x7f.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://127.0.0.0x1/",
    "http://127.0.0.1./",
    "http://127.0.0.1.1/",
    "http://256.0.0.1/",
    "http://0/",
    "http://00/",
    "http://0x/",
    "http://1.2.3.4.5/",
    "http://4294967296/",
    "http://a.b.1/",
    "http://08.8.8.8/",
  ]],
  ["its host is no plain name", [
    "https://a_b.example.com/",
    "https://_dmarc.example.com/",
    "https://-a.example.com/",
    "https://xn--.com/",
    "https://a-.example.com/",
    "https://a..example.com/",
    "https://.example.com/",
    "https://example.com../",
    "https://./",
    "https://ex%61mple.com/",
    "https://%65vil.com/",
    "https://evil.com%2egood.com/",
    "https://evil.com%23.good.com/",
    "https://evil.com;good.com/",
    "https://evil.com,good.com/",
    "https://evil.com&good.com/",
    "https://evil.com$.good.com/",
    "https://good.com!evil.com/",
    "https://*.example.com/",
    "https://{good,evil}.com/",
    "https://evil.com|good.com/",
    "https://evil.com'.good.com/",
    `https://${"a".repeat(64)}.com/`,
    `https://${"a.".repeat(127)}com/`,
  ]],
  ["its host has letters that readers map differently", [
    "https://evil。com/",
    "https://evil．com/",
    "https://evil｡com/",
    "https://ｅvil.com/",
    "https://ⓔvil.com/",
    "https://𝐞vil.com/",
    "https://evil.ⅽom/",
    "http://１２７.0.0.1/",
    "http://127。0。0。1/",
    "http://①②⑦.0.0.1/",
    "http://١٢٧.0.0.1/",
    "https://straße.de/",
    "https://βόλος.com/",
    "https://MÜNCHEN.de/",
    "https://mu\u0308nchen.de/",
    "https://\u212a.com/",
    "https://exampleſ.com/",
    "https://xn--mnchen-3ya.münchen.de/",
    "https://good.com／evil.com/",
    "https://good.com＃evil.com/",
    "https://good.com＠evil.com/",
    "https://good.com？evil.com/",
    "https://good.com：80/",
    "https://℀.example.com/",
    "https://☃.net/",
    "https://💩.la/",
    "https://evil.com\u2024good.com/",
  ]],
  ["parsers of URLs read it differently", [
    "https://xn--a/",
    "https://xn--0.com/",
    "postgres://münchen.de/x",
  ]],
];

Deno.test("readUrl() takes no URL that some parser reads differently, and says why", () => {
  const others = tricks.flatMap(([why, texts]) =>
    texts.filter((text) => shown(text) !== `unknown: ${why}`).map((text) => `${text} -> ${shown(text)}`)
  );
  assert.deepEqual(others, []);
});

Deno.test("readUrl() takes nothing longer than what is looked at", () => {
  const text = `https://example.com/${"a".repeat(checkedTextCharactersMax)}`;
  assert.equal(shown(text), "unknown: it is too long");
});

Deno.test("readUrl() is total, and what it reads WHATWG reads as the same host", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "https",
      "http",
      "://",
      ":",
      "/",
      "//",
      "@",
      "\\",
      "?",
      "#",
      "%",
      "%40",
      ".",
      "..",
      "[",
      "]",
    ),
    fc.constantFrom(
      "example.com",
      "evil.com",
      "127.0.0.1",
      "0x7f",
      "::1",
      "fe80::1",
      "xn--",
      "80",
      " ",
      "\t",
      "。",
      "é",
    ),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, isPlain) => {
      const text = (isPlain ? "https://" : "") + pieces.join("");
      const url = readUrl(text);
      if (url.kind === "unknown") return;
      const other = new URL(text);
      assert.equal(other.protocol, `${url.scheme}:`);
      assert.equal(other.username + other.password, "");
      if (url.host.kind === "name") {
        assert.equal(other.hostname.toLowerCase().replace(/\.$/, ""), url.host.name);
      }
    }),
    { numRuns: 3_000 },
  );
});

/** Every way in which people and attackers have spelt an IPv4 address. */
const anyIPv4Spelling = (bytes: readonly number[]): fc.Arbitrary<string> => {
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const radix = (number: number): fc.Arbitrary<string> =>
    fc.tuple(fc.constantFrom("10", "8", "16", "016", "008"), fc.boolean()).map(([base, isUpper]) => {
      const text = base === "10"
        ? String(number)
        : base === "8" || base === "008"
        ? `0${base === "008" ? "00" : ""}${number.toString(8)}`
        : `0x${base === "016" ? "000" : ""}${number.toString(16)}`;
      return isUpper ? text.toUpperCase() : text;
    });
  const join = (numbers: readonly number[]) =>
    fc.tuple(...numbers.map(radix)).map((parts) => parts.join("."));
  const hex = (index: number) => (bytes[index] * 256 + bytes[index + 1]).toString(16);
  const [a, b, c, d] = bytes;
  return fc.oneof(
    fc.constant(bytes.join(".")),
    join([value]),
    join([a, (b * 256 + c) * 256 + d]),
    join([a, b, c * 256 + d]),
    join([a, b, c, d]),
    join([a, b, c, d]).map((text) => `${text}.`),
    join([a, b, c, d]).map((text) =>
      text.replace(/[0-9]/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))
    ),
    join([a, b, c, d]).map((text) => text.replaceAll(".", "。")),
    join([a, b, c, d]).map((text) => text.replaceAll(".", "%2e")),
    join([a, b, c, d]).map((text) => [...text].map((one) => `%${one.charCodeAt(0).toString(16)}`).join("")),
    fc.constantFrom(
      `[::ffff:${bytes.join(".")}]`,
      `[::ffff:${hex(0)}:${hex(2)}]`,
      `[0:0:0:0:0:ffff:${hex(0)}:${hex(2)}]`,
      `[::${bytes.join(".")}]`,
      `[64:ff9b::${bytes.join(".")}]`,
      `[64:ff9b:1::${hex(0)}:${hex(2)}]`,
      `[2002:${hex(0)}:${hex(2)}::1]`,
      `[2001:470::5efe:${bytes.join(".")}]`,
      `[2001:0:${hex(0)}:${hex(2)}::1]`,
    ),
  );
};

const privateBlocks: readonly (readonly [number, number])[] = [
  [0x00000000, 8],
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0000000, 24],
  [0xc0000200, 24],
  [0xc0a80000, 16],
  [0xc6120000, 15],
  [0xc6336400, 24],
  [0xcb007100, 24],
  [0xe0000000, 4],
  [0xf0000000, 4],
];
const anyPrivate = fc.constantFrom(...privateBlocks).chain(([start, bits]) =>
  fc.nat({ max: 2 ** (32 - bits) - 1 }).map((offset) => {
    const value = start + offset;
    return [value >>> 24, value >>> 16 & 0xff, value >>> 8 & 0xff, value & 0xff];
  })
);

Deno.test("no spelling of a private IPv4 address is public", () => {
  fc.assert(
    fc.property(
      anyPrivate.chain((bytes) => anyIPv4Spelling(bytes)),
      fc.constantFrom("", ":80", ":8080", "/x", "?x"),
      (host, behind) => {
        const url = readUrl(`http://${host}${behind}`);
        if (url.kind === "unknown") return;
        assert.equal(coversHost({ kind: "public" }, url.host, "allow"), false, describeHost(url.host));
        assert.equal(coversHost({ kind: "public" }, url.host, "deny"), false);
      },
    ),
    { numRuns: 5_000 },
  );
});

Deno.test("a public IPv4 address in its plain spelling is public", () => {
  for (const address of ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.0", "198.20.0.1"]) {
    const url = readUrl(`https://${address}/`);
    assert.ok(url.kind === "url" && url.host.kind === "address");
    assert.equal(formatAddress(url.host.address), address);
    assert.equal(coversHost({ kind: "public" }, url.host, "allow"), true, address);
  }
});
