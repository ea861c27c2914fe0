/** Every odd server; see odd_servers/row.ts for what a row says. */

import { broken } from "./odd_servers/broken.ts";
import { endings, stderrs } from "./odd_servers/endings.ts";
import { lines } from "./odd_servers/lines.ts";
import { correlation, envelopes, huge } from "./odd_servers/messages.ts";
import type { OddServer } from "./odd_servers/row.ts";

export { type Act, messageBytesMax, type OddServer } from "./odd_servers/row.ts";

export const oddServers: readonly OddServer[] = [
  ...lines,
  ...broken,
  ...envelopes,
  ...correlation,
  ...huge,
  ...endings,
  ...stderrs,
];
