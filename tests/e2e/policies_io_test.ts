/** Ready policies in front of the servers that they are for, driven by a client that we did not write. */

import assert from "node:assert/strict";
import { openDatabase } from "./support/database.ts";
import { readRecords, repository, runProgram, Scratch } from "./support/program.ts";
import { call, namesOf, serverWords, through } from "./support/reference_server.ts";

const serverPostgres = "npm:@modelcontextprotocol/server-postgres@0.6.2";
const policyFile = (name: string) => `${repository}policies/${name}.yaml`;

Deno.test("policies/memory.yaml: the server learns and recalls, and gets neither secrets nor what only a person may forget", async () => {
  await using scratch = await Scratch.make();
  const env = { MEMORY_FILE_PATH: scratch.file("memory.jsonl") };
  await through(["--policy", policyFile("memory")], serverWords("server-memory"), env, async (client) => {
    assert.deepEqual(await namesOf(client), [
      "add_observations",
      "create_entities",
      "create_relations",
      "delete_entities",
      "delete_observations",
      "delete_relations",
      "open_nodes",
      "read_graph",
      "search_nodes",
    ]);
    const ada = { name: "Ada", entityType: "person", observations: ["likes tea"] };
    const bo = { name: "Bo", entityType: "person", observations: [] };
    assert.equal((await call(client, "create_entities", { entities: [ada, bo] })).isError, false);
    const relation = { from: "Ada", to: "Bo", relationType: "knows" };
    assert.equal((await call(client, "create_relations", { relations: [relation] })).isError, false);
    const more = [{ entityName: "Ada", contents: ["moved to Oslo"] }];
    assert.equal((await call(client, "add_observations", { observations: more })).isError, false);
    const secret = [{ entityName: "Ada", contents: ["password: hunter2"] }];
    assert.equal((await call(client, "add_observations", { observations: secret })).rule, "no-secrets");
    assert.equal((await call(client, "delete_entities", { entityNames: ["Ada"] })).rule, "forget");
    const { text } = await call(client, "search_nodes", { query: "Ada" });
    assert.match(text, /likes tea/);
    assert.match(text, /moved to Oslo/);
    assert.doesNotMatch((await call(client, "read_graph")).text, /hunter2/);
    assert.match((await call(client, "open_nodes", { names: ["Bo"] })).text, /Bo/);
  });
});

Deno.test("policies/filesystem.yaml: every tool that is shown works on what lies inside, and none leaves it", async () => {
  await using scratch = await Scratch.make();
  const text = (await Deno.readTextFile(policyFile("filesystem"))).replaceAll(
    "under: /tmp ",
    `under: ${scratch.path} `,
  );
  const policy = await scratch.write("policy.yaml", text);
  await Deno.mkdir(scratch.file("open"));
  await scratch.write("open/notes.txt", "hello");
  const server = serverWords("server-filesystem", scratch.path);
  await through(["--policy", policy], server, {}, async (client) => {
    assert.deepEqual(await namesOf(client), [
      "directory_tree",
      "get_file_info",
      "list_allowed_directories",
      "list_directory",
      "list_directory_with_sizes",
      "read_file",
      "read_media_file",
      "read_multiple_files",
      "read_text_file",
      "search_files",
    ]);
    assert.equal(
      (await call(client, "read_text_file", { path: scratch.file("open/notes.txt") })).text,
      "hello",
    );
    assert.match((await call(client, "list_directory", { path: scratch.file("open") })).text, /notes\.txt/);
    assert.match((await call(client, "list_allowed_directories")).text, new RegExp(scratch.path));
    const several = await call(client, "read_multiple_files", { paths: [scratch.file("open/notes.txt")] });
    assert.match(several.text, /notes\.txt:\nhello/);
    assert.equal((await call(client, "read_text_file", { path: "/etc/hostname" })).rule, "default");
    const mixed = { paths: [scratch.file("open/notes.txt"), "/etc/hostname"] };
    assert.equal((await call(client, "read_multiple_files", mixed)).rule, "default");
    const written = await call(client, "write_file", { path: scratch.file("open/x"), content: "" });
    assert.equal(written.rule, "no-writing");
  });
  assert.deepEqual([...Deno.readDirSync(scratch.file("open"))].map(({ name }) => name), ["notes.txt"]);
});

Deno.test("policies/postgres.yaml: one statement that reads reaches the database, and nothing that ends the server's transaction", async () => {
  await using database = openDatabase();
  const server = [Deno.execPath(), "run", "-A", "--quiet", serverPostgres, database.url];
  await through(["--policy", policyFile("postgres")], server, {}, async (client) => {
    assert.deepEqual(await namesOf(client), ["query"]);
    const answer = await call(client, "query", { sql: "SELECT answer FROM orders" });
    assert.match(answer.text, /"answer": "42"/);
    for (
      const [sql, rule] of [
        ["COMMIT; DROP SCHEMA public CASCADE", "default"],
        ["SELECT 1; COMMIT; DROP TABLE orders", "default"],
        ["WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone", "no-writing"],
        ["SELECT pg_read_file('/etc/passwd')", "only-tables"],
        ["SELECT rolpassword FROM pg_authid", "no-credentials"],
      ]
    ) {
      assert.equal((await call(client, "query", { sql })).rule, rule, sql);
    }
  });
  assert.deepEqual(database.statements, [
    "BEGIN TRANSACTION READ ONLY",
    "SELECT answer FROM orders",
    "ROLLBACK",
  ]);
});

Deno.test("policies/paranoid.yaml: it does not start without a lock, and with it every call waits for a person", async () => {
  await using scratch = await Scratch.make();
  // Where no namespaces are to be had the policy does not start at all; that is tested elsewhere.
  const text = (await Deno.readTextFile(policyFile("paranoid"))).replace(
    "containment: namespace",
    "containment: process",
  );
  const policy = await scratch.write("paranoid.yaml", text);
  const server = serverWords("server-memory");
  const unlocked = await runProgram(["run", "--policy", policy, "--", ...server]);
  assert.equal(unlocked.code, 3);
  assert.match(unlocked.stderr, /lock: required/);

  const [lock, log] = [scratch.file("server.lock"), scratch.file("audit.jsonl")];
  const env = { MEMORY_FILE_PATH: scratch.file("memory.jsonl") };
  const locking = await runProgram(["lock", "--output", lock, "--", ...server], { env });
  assert.equal(locking.code, 0, locking.stderr);
  const options = ["--policy", policy, "--lock", lock, "--audit", log];
  await through(options, server, env, async (client) => {
    assert.equal((await namesOf(client)).length, 9);
    const { isError, rule } = await call(client, "read_graph");
    assert.deepEqual([isError, rule], [true, "every-call"]);
  });
  const judged = (await readRecords(log)).filter(({ target }) => target === "tool");
  assert.deepEqual(judged.map(({ verdict, action }) => [verdict, action]), [["ask", "deny"]]);
});

Deno.test("a client lists its tools anew when the policy has changed, where the server announces such changes", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", "version: 1\nrules:\n  - allow: echo\n");
  const server = serverWords("server-everything");
  await through(["--watch", "--policy", policy], server, {}, async (client) => {
    assert.equal(client.getServerCapabilities()?.tools?.listChanged, true);
    const changed = Promise.withResolvers<void>();
    assert.deepEqual(await namesOf(client), ["echo"]);
    // This server announces a change of its own at the start; only a list that is another is what is waited for.
    client.setNotificationHandler("notifications/tools/list_changed", async () => {
      if ((await namesOf(client)).length === 2) changed.resolve();
    });
    await scratch.write("policy.yaml", "version: 1\nrules:\n  - allow: [echo, get-sum]\n");
    await changed.promise;
    assert.deepEqual(await namesOf(client), ["echo", "get-sum"]);
    assert.match((await call(client, "get-sum", { a: 2, b: 3 })).text, /5/);
  });
});

Deno.test("a relative path that server-filesystem begins in another of its directories is judged there", async () => {
  await using scratch = await Scratch.make();
  const [secrets, project] = [scratch.file("secrets"), scratch.file("project")];
  for (const folder of [secrets, project]) await Deno.mkdir(folder);
  await scratch.write("secrets/key.txt", "the key");
  await scratch.write("project/notes.txt", "the notes");
  const policy = await scratch.write(
    "policy.yaml",
    `version: 1
rules:
  - { id: project, allow: read_text_file, args: { path: { under: ${project} } } }
server: { directory: ${project} }
`,
  );
  // The server takes a relative path for one in the first of its directories, wherever it runs.
  const server = serverWords("server-filesystem", secrets, project);
  await through(["-p", policy], server, {}, async (client) => {
    const secret = await call(client, "read_text_file", { path: "key.txt" });
    assert.deepEqual([secret.isError, secret.rule], [true, "default"], secret.text);
    const notes = await call(client, "read_text_file", { path: `${project}/notes.txt` });
    assert.equal(notes.text, "the notes");
  });
});
