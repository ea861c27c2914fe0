/** `lilith-zero policy schema`: the language of policies as a JSON Schema, for editors. */

import { policyJsonSchema } from "../policy/document/json_schema.ts";

/** The schema as it is printed, and checked in as policies/policy.schema.json. */
export function policySchemaText(): string {
  return `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
}

/** Prints it. */
export async function policySchema(): Promise<void> {
  const bytes = new TextEncoder().encode(policySchemaText());
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}
