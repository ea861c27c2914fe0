/** Which environment the server gets, and which our own stage before it. */

/** Variables that do not go on by themselves. A policy that names one in `pass_env` means it, and gets it passed. */
const withheld: readonly RegExp[] = [
  // They set us up; DENO_AUTH_TOKENS is a secret, and OTEL_* would send the server's data away.
  /^(DENO|LILITH|OTEL)_/,
  // The dynamic loader puts their code into every program, those that contain the server too. ld.so(8)
  /^(LD|DYLD)_/,
  // The C library loads code by the one, and changes how it treats memory by the other.
  /^(GCONV_PATH|GLIBC_TUNABLES)$/,
  // They name descriptors that the server does not inherit; Node dies of the first. systemd: sd_listen_fds(3)
  /^(NODE_CHANNEL_.*|LISTEN_(FDS|FDNAMES|PID))$/,
  // A shell noted them about itself; they are not true of the server.
  /^(_|SHLVL|OLDPWD)$/,
];

/** What the archive's launcher sets for its own runtime (scripts/package/launcher.sh). */
const launcherVariables = ["DENO_DIR", "DENO_NO_UPDATE_CHECK", "DENO_DISABLE_NODE_SHIM"];

/** Our variables as the client gave them: the launcher keeps its values under `LILITH_GIVEN_…`, empty where there was none. */
export function givenEnvironment(own: Readonly<Record<string, string>>): Record<string, string> {
  const given = { ...own };
  for (const name of launcherVariables) {
    const kept = own[`LILITH_GIVEN_${name}`];
    if (kept === undefined) continue;
    delete given[`LILITH_GIVEN_${name}`];
    if (kept === "") delete given[name];
    else given[name] = kept;
  }
  return given;
}

/**
 * The server's environment out of ours.
 *
 * @param own All variables that the client gave us. One that is not valid UTF-8 Deno does not show, so it does not pass.
 * @param passEnv The names that the policy lets pass. Absent: all, less our own and the loader's.
 *
 * ```ts
 * import { serverEnvironment } from "./environment.ts";
 *
 * const own = { PATH: "/usr/bin", API_KEY: "k", LD_PRELOAD: "/tmp/x.so" };
 * console.assert(Object.keys(serverEnvironment(own, undefined)).join() === "PATH,API_KEY");
 * console.assert(Object.keys(serverEnvironment(own, ["PATH"])).join() === "PATH");
 * ```
 */
export function serverEnvironment(
  own: Readonly<Record<string, string>>,
  passEnv: readonly string[] | undefined,
): Record<string, string> {
  const isPassed = passEnv === undefined
    ? (name: string) => !withheld.some((names) => names.test(name))
    : (name: string) => passEnv.includes(name);
  const environment = Object.fromEntries(Object.entries(own).filter(([name]) => isPassed(name)));
  if (environment.PATH === undefined) return environment;
  const path = withoutNodeShim(environment.PATH);
  if (path === "") delete environment.PATH; // there was none before Deno made one
  else environment.PATH = path;
  return environment;
}

/**
 * The PATH as the client gave it. Where it leads to no `node`, Deno (from 2.9 on) puts a directory of its cache in front
 * whose `node` is Deno; the server was not written for that, and would not have seen it without us.
 */
export function withoutNodeShim(path: string): string {
  return path.split(":").filter((directory) => !directory.endsWith("/node_compat_bin")).join(":");
}

/**
 * Whether a shell between us and the server would hand a variable on unchanged. dash drops names that are no
 * identifiers; it and bash set those below, or act on them. (Seen by comparing, on dash 0.5.12 and bash 5.2.)
 */
export function survivesShell(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !shellVariable.test(name);
}
const shellVariable = new RegExp(
  "^(BASH.*|COMP_.*|DIRSTACK|ENV|EPOCH.*|EUID|FUNCNAME|FUNCNEST|GROUPS|HISTCMD|IFS|LINENO|OLDPWD|OPTARG|OPTERR" +
    "|OPTIND|PIPESTATUS|POSIXLY_CORRECT|PPID|PS[0-9]|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID|_)$",
);

/** What of ours our own stage needs to start: where Deno's cache lies, and how its libraries are found. */
const stageVariables = [
  "HOME",
  "DENO_DIR",
  "XDG_CACHE_HOME",
  "LD_LIBRARY_PATH",
  "NIX_LD",
  "NIX_LD_LIBRARY_PATH",
];

/** The environment of our stage, but for what it is to hand on to the server. */
export function stageEnvironment(own: Readonly<Record<string, string>>): Record<string, string> {
  const environment: Record<string, string> = { DENO_NO_UPDATE_CHECK: "1", DENO_DISABLE_NODE_SHIM: "1" };
  for (const name of stageVariables) {
    if (own[name] !== undefined) environment[name] = own[name];
  }
  return environment;
}
