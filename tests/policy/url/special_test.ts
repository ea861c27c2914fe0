import assert from "node:assert/strict";
import { readAddress } from "../../../src/policy/url/address.ts";
import { findSpecialAddress, findSpecialName } from "../../../src/policy/url/special.ts";

function kind(text: string): string | undefined {
  const address = readAddress(text);
  assert.ok(address, text);
  return findSpecialAddress(address);
}

Deno.test("each block of the special-purpose registries is special from its first address to its last", () => {
  const blocks: [string, string, RegExp][] = [
    ["0.0.0.0", "0.255.255.255", /RFC 791/],
    ["10.0.0.0", "10.255.255.255", /private/],
    ["100.64.0.0", "100.127.255.255", /RFC 6598/],
    ["127.0.0.0", "127.255.255.255", /loopback/],
    ["169.254.0.0", "169.254.255.255", /link-local/],
    ["172.16.0.0", "172.31.255.255", /private/],
    ["192.0.0.0", "192.0.0.255", /RFC 6890/],
    ["192.0.2.0", "192.0.2.255", /documentation/],
    ["192.31.196.0", "192.31.196.255", /AS112/],
    ["192.52.193.0", "192.52.193.255", /RFC 7450/],
    ["192.88.99.0", "192.88.99.255", /6to4/],
    ["192.168.0.0", "192.168.255.255", /private/],
    ["192.175.48.0", "192.175.48.255", /AS112/],
    ["198.18.0.0", "198.19.255.255", /benchmarks/],
    ["198.51.100.0", "198.51.100.255", /documentation/],
    ["203.0.113.0", "203.0.113.255", /documentation/],
    ["224.0.0.0", "239.255.255.255", /multicast/],
    ["240.0.0.0", "255.255.255.254", /reserved/],
    ["255.255.255.255", "255.255.255.255", /broadcast/],
    ["168.63.129.16", "168.63.129.16", /Azure/],
    ["::", "::", /unspecified/],
    ["::1", "::1", /loopback/],
    ["::2", "::ffff:ffff", /IPv4 address in IPv6/],
    ["::ffff:0:0", "::ffff:8.8.8.8", /IPv4 address in IPv6/],
    ["64:ff9b::", "64:ff9b::ffff:ffff", /RFC 6052/],
    ["64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", /RFC 8215/],
    ["100::", "100::ffff:ffff:ffff:ffff", /RFC 6666/],
    ["100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", /RFC 9780/],
    ["2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", /Teredo/],
    ["2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", /RFC 5180/],
    ["2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", /RFC 2928/],
    ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", /RFC 3849/],
    ["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", /6to4/],
    ["2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", /RFC 7534/],
    ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", /RFC 9637/],
    ["5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", /RFC 9602/],
    ["fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", /RFC 4193/],
    ["fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", /link-local/],
    ["fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", /site-local/],
    ["ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", /multicast/],
    ["4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", /not given out/],
    ["200::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", /not given out/],
  ];
  for (const [first, last, expected] of blocks) {
    assert.match(kind(first) ?? "public", expected, first);
    assert.match(kind(last) ?? "public", expected, last);
  }
});

Deno.test("the addresses beside the blocks are public", () => {
  for (
    const text of [
      "1.0.0.0",
      "9.255.255.255",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "126.255.255.255",
      "128.0.0.0",
      "169.253.255.255",
      "169.255.0.0",
      "172.15.255.255",
      "172.32.0.0",
      "192.0.1.0",
      "192.0.3.0",
      "192.167.255.255",
      "192.169.0.0",
      "198.17.255.255",
      "198.20.0.0",
      "198.51.101.0",
      "203.0.112.255",
      "223.255.255.255",
      "168.63.129.15",
      "2001:200::",
      "2001:db7:ffff::",
      "2001:db9::",
      "2003::",
      "2606:4700::1111",
      "2620:4f:7fff::",
      "3ffe:ffff::",
      "2001:470::5eff:7f00:1",
    ]
  ) {
    assert.equal(kind(text), undefined, text);
  }
});

Deno.test("the private IPv4 address inside a public-looking IPv6 address counts", () => {
  assert.match(kind("2001:470::5efe:127.0.0.1")!, /an IPv4 address in IPv6: loopback/);
  assert.match(kind("2001:470:0:0:200:5efe:10.0.0.1")!, /private/);
  assert.equal(kind("2001:470::5efe:8.8.8.8"), undefined);
});

Deno.test("names that cannot be public are special, in any place of the DNS", () => {
  for (
    const name of [
      "localhost",
      "a.localhost",
      "printer.local",
      "metadata.google.internal",
      "host.docker.internal",
      "router.home.arpa",
      "1.0.0.127.in-addr.arpa",
      "intranet",
      "com",
      "db.corp",
      "nas.home",
      "nas.lan",
      "x.test",
      "x.invalid",
      "x.example",
      "x.onion",
      "x.alt",
      "api.default.svc",
      "localhost.localdomain",
      "metadata.goog",
      "x.metadata.goog",
    ]
  ) {
    assert.ok(findSpecialName(name), name);
  }
  for (
    const name of [
      "example.com",
      "local.example.com",
      "localhost.example.com",
      "internal.com",
      "a.home.dev",
      "notmetadata.goog",
      "xn--wgv71a119e.jp",
    ]
  ) {
    assert.equal(findSpecialName(name), undefined, name);
  }
});
