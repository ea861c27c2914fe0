/**
 * The built-in rule on pages that a server wants a person to open: http and https only, whatever the policies say. A
 * client hands the URL to the operating system, which starts programs for others (`file:`, `vscode:`, `ms-msdt:`).
 * MCP 2025-11-25 and 2026-07-28, client/elicitation, URL mode.
 */

import { foldKey } from "../mcp/folded_key.ts";
import type { Operation } from "../mcp/operation.ts";
import { isJsonObject, type JsonObject } from "../wire/json_value.ts";
import { quote } from "./sentence.ts";

/** Why the page that an elicitation wants opened may not be; undefined for everything else. */
export function findUnsafeUrl(operation: Operation): string | undefined {
  if (operation.from !== "upstream" || operation.method !== "elicitation/create") return undefined;
  const params = operation.arguments;
  if (!isJsonObject(params)) return undefined;
  const mistakable = findMistakable(params);
  if (mistakable !== undefined) {
    return `it has a key that some readers take for another: ${quote(mistakable)}`;
  }
  const url = params.get("url");
  // In a mode that we do not know, a URL is still one that may be opened.
  if (url === undefined) {
    return params.get("mode") === "url" ? "it asks to open a page and says not which" : undefined;
  }
  if (typeof url !== "string") return "the page that it asks to open is not named by a text";
  if (isWebPage(url)) return undefined;
  return `it asks to open ${quote(url)}, and only http and https pages may be opened`;
}

/** A key that is not `url` or `mode` and is for some reader. */
function findMistakable(params: JsonObject): string | undefined {
  for (const key of params.keys()) {
    if (key === "url" || key === "mode") continue;
    const folded = foldKey(key);
    if (folded === "url" || folded === "mode" || key === "__proto__") return key;
  }
  return undefined;
}

/** Whether every reader takes it for a page on the web: parsers differ in what they drop before the scheme. */
function isWebPage(url: string): boolean {
  if (control.test(url) || url.trim() !== url || !webScheme.test(url)) return false;
  const parsed = URL.parse(url);
  return parsed !== null && (parsed.protocol === "http:" || parsed.protocol === "https:");
}
const webScheme = /^https?:\/\//i;
const control = /\p{Cc}/u;
