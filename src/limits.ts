/**
 * Every bound of the program, in one place, unit last, each with its reason. A bound that is reached is an error that
 * names it; nothing is cut silently.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

// ——— wire ———

/** One message on a byte stream. 16 MiB of payload as the largest reference server sends, and room for its envelope. */
export const frameBytesMax = 16 * MiB + 64 * KiB;

/** How much of a frame over the limit is kept, to find its id. Most envelopes put the id within the first bytes. */
export const oversizeHeadBytesMax = 4 * KiB;

/** How much of its end is kept: the TypeScript SDK writes `"jsonrpc":"2.0","id":…}` last. An id at its longest, and room. */
export const oversizeTailBytesMax = 2 * KiB;

/** Nesting of arrays and objects. Real messages stay under 20; servers recurse on it. */
export const jsonDepthMax = 128;

/** Values of one message that a policy looks at: each takes up to 250 bytes. Real arguments hold some thousands. */
export const jsonValuesMax = 1_000_000;

/** Probes per key in the table of keys: a sender who knows our hash must not make the search quadratic. */
export const keyProbesPerKeyMax = 16;

/** Read from a descriptor at one time: what a pipe of our own holds (F_SETPIPE_SZ, fcntl(2)). */
export const readBytes = 1024 * KiB;

/**
 * How much larger the process may become in a flood before its garbage is collected: less than a tenth of what it is at
 * its smallest.
 */
export const floodGrowthBytesMax = 8 * MiB;

/**
 * The same while a client waits for each answer: it would wait for the collection too, and for V8 to get back to speed
 * after it. What V8 leaves lying by itself in an ordinary session stays below.
 */
export const memoryGrowthBytesMax = 64 * MiB;

/** For how many times as long as a collection took there is none: more often, a flood would be slowed to a half. */
export const collectionRestFactor = 20;

// ——— messages ———

/** An id that a peer may use; longer ones are refused before they fill the tables of pending requests. */
export const idBytesMax = 1 * KiB;

/** A method name. The longest of any revision has 42 characters. */
export const methodBytesMax = 256;

/** Requests of one direction that wait for their answer at one time. */
export const inFlightMax = 1024;

/** Cancelled requests of one direction whose late answers are still expected; the oldest is given up beyond. */
export const cancelledMax = 1024;

/** A progress token: it is kept as an id is. */
export const progressTokenBytesMax = idBytesMax;

/** Tasks of one direction whose requests were answered and that may still report progress; the oldest is given up beyond. */
export const taskTokensMax = 1024;

/** Messages in one batch: no more requests could be in flight, and real batches hold some ten. */
export const batchElementsMax = inFlightMax;

/**
 * Answers of one direction that wait for the others of their batches. They leave as one line, and no line may be longer;
 * an answer for which there is no room becomes an error.
 */
export const batchHeldBytesMax = frameBytesMax;

/** Roots, subscriptions and the like in one message; each is judged, and clients name some tens. */
export const accompanyingTargetsMax = 1024;

/** Requests of a server inside one answer; each gets a record of its own, and people answer one at a time. */
export const inputRequestsMax = 64;

/** Tasks of a session of which the tool is known; the oldest is forgotten beyond. */
export const tasksMax = 1024;

/** A task's id that is kept as it is (a longer one as its digest), or its tool's name; MCP advises 128 for names, and ids are random. */
export const taskNameCharactersMax = 256;

// ——— policy ———

/** A policy file. The largest real ones have some 40 KB. */
export const policyBytesMax = 1 * MiB;

/** How long a policy file may take to be read: what hands it over through a pipe may have to think first. */
export const policyReadTimeoutMs = 10_000;

/** Aliases that one YAML document may expand. */
export const policyAliasesMax = 100;

/** Nesting of one policy, aliases expanded. The language itself needs 6; the rest is for the arguments of examples. */
export const policyDepthMax = 64;

/** Values of one policy, aliases expanded: a hundred aliases of each other would be as many as the largest policy has. */
export const policyValuesMax = 200_000;

/** Variables of one policy. */
export const variablesMax = 100;

/** The name of a variable. */
export const variableNameCharactersMax = 64;

/** The value of a variable: with its name it stands whole in the first record of a session (`recordTextCharactersMax`). */
export const variableCharactersMax = 400;

/** Errors that are told of one policy file; nobody reads more at one time, and one cause can bring thousands. */
export const policyErrorsMax = 50;

/** Names compared with each other to find rules that never matter: some 0.1 s. Policies of a thousand rules stay below. */
export const ruleComparisonsMax = 1_000_000;

/** Words of a command that `argv` looks at: each may be a path to look up, and no command that a model writes has more. */
export const commandWordsMax = 256;

/** The name of a policy or the id of a rule: they stand in every record and every denial. */
export const policyNameCharactersMax = 100;

/** Calls per unit of time in a limit, and its burst. */
export const rateCallsMax = 1_000_000;

/** Calls that one example may have made before its own. */
export const exampleCallsMax = 10_000;

/** A `memory` below it is a forgotten unit: no program of any language runs in it. */
export const serverMemoryBytesMin = 1 * MiB;

/** A `max_result` below it is a forgotten unit: the smallest answers have some hundred bytes. */
export const resultBytesMin = 1 * KiB;

/** A `max_message` below it would refuse the handshake. */
export const messageBytesMin = 4 * KiB;

/**
 * The name of a tool or prompt, or a URI, that is held against each rule's globs; a longer one is covered by every deny
 * and by no allow. MCP advises 128 for names, and browsers end at some thousands for URIs.
 */
export const targetNameCharactersMax = 64 * KiB;

/** A string that patterns and path checks look at; a longer one makes the check unknown. */
export const checkedTextCharactersMax = 1 * MiB;

/** Combining marks behind one character (UAX #15, Stream-Safe Text Format); more make the check unknown. */
export const combiningMarksMax = 30;

/** A path that is looked up on disk. PATH_MAX, limits.h. */
export const pathBytesMax = 4096;

/** Strings, keys and numbers of one message that `"**"` looks at; real arguments hold some thousands. More: unknown. */
export const argumentTextsMax = 100_000;

/** Steps of one selector: names, and elements of lists. Tools nest some four deep; the bound is for the walk's stack. */
export const selectorStepsMax = 32;

/** Values of one message that one selector with a path looks at; the largest real lists hold some thousands. More: unknown. */
export const selectedPlacesMax = 100_000;

/** A glob for texts: each 32 characters of it cost one more operation per character of the text. */
export const globCharactersMax = 512;

/** Rounds of percent-decoding: one by the client, one by the transport, one by the server. */
export const percentDecodesMax = 3;

/** One name in a path, in UTF-8. NAME_MAX, limits.h: no file system here has a longer one. */
export const pathNameBytesMax = 255;

/** For how long an approval holds for the very same call where the policy does not say: a model's next tries, not tomorrow's. */
export const approvedForMsDefault = 10 * 60_000;

/** The longest that a policy may let an approval hold: a working day, not a standing permission. */
export const approvedForMsMax = 24 * 3_600_000;

/** For how long a no holds, and that nobody answered: a model that asks again at once is not passed on to the person. */
export const declinedForMs = 60_000;

/** How long a call waits for a person. Clients give a call up after one minute (the TypeScript SDK) to some ten. */
export const consentWaitMs = 5 * 60_000;

/** Calls that wait for a person at one time, and questions in results that are open: a flood of questions would make a person say yes to be left alone. */
export const heldCallsMax = 8;

/** Bytes of all calls that wait for a person. */
export const heldCallBytesMax = frameBytesMax;

/** Answers of a person that a session remembers; the oldest is forgotten beyond. */
export const keptAnswersMax = 1024;

/** The arguments of a call as a person is asked about them; what is longer is cut, and the cut is said. */
export const consentArgumentsCharactersMax = 4000;

/** What burst × period of a limit may come to, so that its token counts survive a division and a product exactly. */
export const bucketPartsMax = 2 ** 51;

/** Places on either side of the point of a number that is summed up: money has 2, tokens of a blockchain 18. */
export const decimalPlacesMax = 30;

/** Labels that one rule may give or ask for; they stand in every record of it. */
export const ruleTaintsMax = 16;

/** A name or value from outside as it is quoted in a sentence for people. */
export const quotedCharactersMax = 100;

/**
 * Facts that one call may ask for, some microseconds each. More texts that could be paths than that: the rest are missing
 * facts, hence unknown.
 */
export const queriesMax = 4096;

// ——— what a server says of itself ———

/** A lock file. The largest servers have some hundred tools, of which a few KiB are kept each. */
export const lockBytesMax = 16 * MiB;

/** What a lock keeps of a description, so that a change can be shown; the hash is of all of it. */
export const lockDescriptionCharactersMax = 4 * KiB;

/** Pages of one list that we ask a server for ourselves; real ones have one. */
export const listPagesMax = 64;

/** How long a call waits for a list that we ask the server for: reference servers take milliseconds. */
export const listTimeoutMs = 5_000;

/** How long a server that has not answered is not asked again: each call that waits holds up all that is behind it. */
export const listSilenceMs = 30_000;

/** A schema of arguments that a tool declares, as canonical JSON. Real ones have some KiB. */
export const schemaBytesMax = 256 * KiB;

/** A pattern in such a schema; a longer one is not looked at, so that what it says is unknown. */
export const schemaPatternCharactersMax = 4096;

/** Schemas applied to values, keywords looked at and the like for one call: real ones take some hundreds. */
export const schemaStepsMax = 200_000;

/** Places in one pattern of a schema, repeats counted out: each may cost a step for each character of a text. */
export const schemaPatternSizeMax = 10_000;

/** Schemas inside each other, references followed. */
export const schemaDepthMax = 200;

/** Tools, prompts or resource templates that we keep of one server. */
export const listedItemsMax = 4096;

/** Names and schemas of them that are kept, all together: as much as one message can hold. */
export const listedCharactersMax = frameBytesMax;

/** How long the bytes of a watched policy file must be the same before they are read as a policy: a write takes less. */
export const policySettleMs = 100;

/** How often watched policy files are looked at unasked: not every file system tells of changes, and none of all. */
export const policyLookMs = 2_000;

// ——— audit ———

/** Arguments as they stand in one record; what is longer is recorded by size and digest alone. */
export const recordArgumentsBytesMax = 64 * KiB;

/** A text from outside (method, tool, reason …) inside a record. */
export const recordTextCharactersMax = 512;

/** Places that one record names where something was masked; what is masked elsewhere is only counted. */
export const recordMaskedEntriesMax = 64;

/** Elements of one list in a record: the words of a command line, the tools that a list was cut by. */
export const recordListEntriesMax = 256;

/** A line of the audit log. All bounds above together stay below it; whoever reads a longer one reads no log of ours. */
export const recordLineBytesMax = 6 * MiB;

/** Lines that `audit verify` looks back for the line that a new session names as its beginning. */
export const auditAnchorLinesMax = 64 * KiB;

// ——— shared state ———

/** How long a call waits for approval in the state file: a person may be at lunch, and it costs the model nothing to ask again. */
export const approvalWaitMs = 60 * 60_000;

/** Calls that wait for approval in one state file: more than anybody reads through. */
export const approvalsPendingMax = 32;

/** The arguments of such a call as they are kept; with the bound above, all of them have room in the file. */
export const approvalArgumentsCharactersMax = 2 * KiB;

/** The content of a state file: some hundreds of sessions with their limits, read whole for each call that needs it. */
export const stateBytesMax = 1 * MiB;

/** Sessions, windows or approvals in one state file, each. */
export const stateEntriesMax = 4096;

/** How long another process may keep a state file. An update takes 0.1 ms, with 300 sessions in it 1 ms: more means it hangs. */
export const stateLockWaitMs = 2_000;

/** Rest between two attempts at its lock. */
export const stateLockPauseMs = 1;

/** How long sessions of clients that cannot be seen from here, and windows that are over, are kept all the same. */
export const sharedUnseenMs = 30 * 24 * 60 * 60 * 1000;

/** Shells and package runners that may stand between a client and us, one started by the other. */
export const clientAncestorsMax = 8;

/** Attempts of one call at what is shared, each of which another proxy was quicker at. */
export const shareAttemptsMax = 16;

// ——— supervision ———

/** Each step of the stop ladder, where the policy does not say (MCP 2025-11-25, basic/lifecycle, shutdown: stdio). */
export const stopTimeoutMs = 2_000;

/** How long the kernel may take over processes that were killed; what is still there then is named, not waited for. */
export const killTimeoutMs = 10_000;

/** One trial of a containment helper. It takes 3 ms; one that hangs must not hang the session. */
export const probeTimeoutMs = 3_000;

/**
 * Open files where the policy does not say: what systemd gives every service, and the most that select(2) can watch.
 * Deno raises the soft limit to the hard one for itself, so the client's own cannot be read back.
 */
export const openFilesDefault = 1024;

/** CPU seconds between SIGXCPU, which a server may handle, and SIGKILL, which it cannot (setrlimit(2)). */
export const cpuGraceSeconds = 2;

/** Rounds of killing a tree whose members keep forking; each round kills all that the one before has missed. */
export const killRoundsMax = 64;

/** The interpreter line of a script, as much of it as the kernel reads (BINPRM_BUF_SIZE, linux/binfmts.h). */
export const interpreterLineBytesMax = 256;

/** A line of a server's stderr that is shown whole; of a longer one the beginning is. Stack traces in JSON have some KB. */
export const stderrLineBytesMax = 64 * KiB;

/**
 * How far behind the last character that is shown of such a line it is still looked at: half of what is kept of it
 * (`oversizeHeadBytesMax`). A secret that begins in what is shown is seen for what it is within so many.
 */
export const stderrLookAheadCharacters = 2 * KiB;

/** What of a server's stderr is passed on per second, in whole lines; the rest is counted and the count is said. */
export const stderrBytesPerSecondMax = 256 * KiB;

/** Rest between two reads of a server's stderr that is over that rate: some 6 MB/s are then read, and thrown away. */
export const stderrPauseMs = 10;

/** Lines of ours per second and level on stderr: a server that floods its stdout with banners writes each of them. */
export const operatorLinesPerSecondMax = 50;

/** Bytes waiting for a slow reader before the other side is paused. */
export const queuedBytesMax = 1 * MiB;

// ——— asking a server what it offers ———

/** The whole survey: a first `npx` fetches the server before it answers. */
export const surveyTimeoutMs = 60_000;

/** How long the lists must stay as they are. Reference servers add tools some 10 ms behind the handshake. */
export const surveySettleMs = 300;

/** How often lists are read again because the server says that they have changed. */
export const surveyRoundsMax = 8;

/** Pages of one list; real servers have one or two. */
export const surveyPagesMax = 1000;

/** Things in one list; the largest servers have some hundreds of tools, and some thousands of resources. */
export const surveyItemsMax = 20_000;

/** All that a server may write meanwhile. */
export const surveyBytesMax = 64 * MiB;
