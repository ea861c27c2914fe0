import { loadDocument, formatDiagnostic } from "./src/policy/document.ts";
for (const f of Deno.args) { const text = Deno.readTextFileSync(f);
const r = loadDocument(text, f); console.log(f, r.kind);
for (const e of [...(r.kind === "error" ? r.errors:[]), ...r.warnings]) console.log(formatDiagnostic(e, text), "   ", e.code); if (r.kind==="ok" && f.includes("shell")) console.log(r.document.rules[0]) }
