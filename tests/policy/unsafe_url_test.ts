import assert from "node:assert/strict";
import { decide } from "../../src/policy/decide.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { initialState } from "../../src/policy/state.ts";
import type { Operation, Side } from "../../src/mcp/operation.ts";
import { compile, document, rule } from "./support/build.ts";
import { json } from "./support/json.ts";

const allowing = compile(document([rule("allow", { methods: ["*"] })], { default: "allow" }));

function elicit(params: string, from: Side = "upstream", method = "elicitation/create") {
  const operation: Operation = {
    from,
    method,
    target: "method",
    name: method,
    arguments: json(params),
    housekeeping: false,
  };
  return decide(allowing, initialState(allowing), operation, noFacts, 0);
}

const page = (url: string, mode = "url") => JSON.stringify({ mode, message: "x", url });

Deno.test("pages on the web may be opened, whatever the case of their scheme", () => {
  for (
    const url of [
      "https://a.example/login?next=%2F#x",
      "http://127.0.0.1:8080/",
      "HTTPS://A.EXAMPLE",
      "https://ünï.example/ä",
    ]
  ) assert.equal(elicit(page(url)).verdict, "allow", url);
});

Deno.test("no policy can let a server open anything else", () => {
  for (
    const url of [
      "file:///etc/passwd",
      "javascript:alert(1)",
      "data:text/html,x",
      "vscode://x",
      "ms-msdt:/id x",
      "ftp://a.example/",
      "//a.example/",
      "a.example",
      "",
      "https:",
      "https://",
      "https:a.example",
      "https:/a.example",
      "https:\\\\a.example",
      " https://a.example/",
      "https://a.example/ ",
      "\ufeffhttps://a.example/",
      "\u00a0https://a.example/",
      "\u0001https://a.example/",
      "https://a.example/\n",
      "java\nscript:alert(1)",
      "ht\ttps://a.example/",
      "https://a.example/\u0000.html",
      "https://a.example/\u0085",
      "https://[::1/",
      "view-source:https://a.example/",
      "httpsx://a.example/",
    ]
  ) {
    const decision = elicit(page(url));
    assert.deepEqual(
      [decision.verdict, decision.action, decision.code, decision.policy, decision.rule],
      ["deny", "deny", "unsafe_url", "built-in", "safe-urls"],
      JSON.stringify(url),
    );
  }
});

Deno.test("a page is a page in every mode, and a page that cannot be told is not opened", () => {
  for (
    const params of [
      page("file:///x", "form"),
      page("file:///x", "URL"),
      page("file:///x", "later"),
      '{"url":"file:///x"}',
      '{"mode":"url"}',
      '{"mode":"url","url":7}',
      '{"url":["https://a.example/"]}',
      '{"url":null}',
      '{"url":"https://a.example/","URL":"file:///x"}',
      '{"url":"https://a.example/","url\\u0000":"file:///x"}',
      '{"Mode":"url"}',
      '{"__proto__":{"url":"file:///x"}}',
    ]
  ) assert.equal(elicit(params).code, "unsafe_url", params);
});

Deno.test("forms, other methods and what the agent says are left to the policy", () => {
  assert.equal(elicit('{"mode":"form","message":"file:///x","requestedSchema":{}}').verdict, "allow");
  assert.equal(elicit('{"message":"x"}').verdict, "allow");
  assert.equal(elicit(page("file:///x"), "upstream", "sampling/createMessage").verdict, "allow");
  assert.equal(elicit(page("file:///x"), "downstream").verdict, "allow");
});

Deno.test("a policy that only observes does not open it either", () => {
  const observing = compile(document([], { mode: "observe" }));
  const operation: Operation = {
    from: "upstream",
    method: "elicitation/create",
    target: "method",
    name: "elicitation/create",
    arguments: json(page("file:///x")),
    housekeeping: false,
  };
  assert.equal(decide(observing, initialState(observing), operation, noFacts, 0).action, "deny");
});
