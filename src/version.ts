/** The program's version; the same as in deno.json, which a test compares. */
export const version = "0.1.0";
