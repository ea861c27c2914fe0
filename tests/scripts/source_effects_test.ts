import assert from "node:assert/strict";
import { readEffects } from "../../scripts/source/effects.ts";
import { tokenize } from "../../scripts/source/tokens.ts";

function read(text: string): string[] {
  return readEffects(tokenize(text)).map((effect) => `${effect.line} ${effect.what}`);
}

Deno.test("readEffects() finds each way out of pure code", () => {
  const cases: [text: string, what: string][] = [
    ['Deno.readTextFileSync("a")', "Deno"],
    ["let a: Deno.FsFile;", "Deno"],
    ['await fetch("a")', "fetch"],
    ["const f = fetch;", "fetch"],
    ["a ? b : fetch", "fetch"],
    ["({ fetch })", "fetch"],
    ["setTimeout(a, 1)", "setTimeout"],
    ["setInterval(a, 1)", "setInterval"],
    ["queueMicrotask(a)", "queueMicrotask"],
    ["AbortSignal.timeout(1)", "AbortSignal"],
    ["Date.now()", "Date.now"],
    ["new Date()", "new Date()"],
    ["new Date", "new Date()"],
    ["new Date(...[])", "new Date()"],
    ["Date()", "Date()"],
    ["const D = Date;", "Date as a value or type"],
    ["performance.now()", "performance"],
    ["Temporal.Now.instant()", "Temporal"],
    ["Math.random()", "Math.random"],
    ["const { random } = Math;", "Math as a value"],
    ["crypto.randomUUID()", "crypto"],
    ["crypto.getRandomValues(a)", "crypto"],
    ["console.log(a)", "console"],
    ["process.env", "process"],
    ['globalThis["De" + "no"]', "globalThis"],
    ["self.a", "self"],
    ['eval("a")', "eval"],
    ['new Function("a")', "Function"],
    ['(() => {}).constructor("return this")()', ".constructor()"],
    ["import.meta.url", "import.meta"],
    ["prompt()", "prompt()"],
    ["`${Date.now()}`", "Date.now"],
    ["a.localeCompare(b)", ".localeCompare"],
    ["new Intl.Collator()", "Intl"],
    ["new Date(a).getHours()", ".getHours"],
    ["new WeakRef(a)", "WeakRef"],
  ];
  for (const [text, what] of cases) assert.deepEqual(read(`\n${text}`), [`2 ${what}`], text);
});

Deno.test("readEffects() lets pure code be", () => {
  const text = `
    // Deno.exit(); Date.now()
    const at = new Date(now).toISOString() + Date.UTC(2026, 0) + Date.parse(text);
    const size = Math.max(1, Math.floor(2.5));
    const words = "fetch console process";
    const keys = { fetch: 1, console: 2, ...rest };
    interface Shape { readonly process: string; self?: number; crypto: string }
    const value = message.process?.performance.Deno;
    function prompt(text: string): string { return text; }
    this.constructor.name;
    at.getUTCHours();
    /Deno|fetch/.test(words);
  `;
  assert.deepEqual(read(text), []);
});
