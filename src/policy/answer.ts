/** What a check says, and how strictly it was asked. */

/** `unknown`: two servers could see it differently, or nobody can say. It does not allow, and it lets a deny fire. */
export type Answer = "yes" | "no" | "unknown";

/** `deny` also looks at what a lenient server could make of a text; limits are matched as denies are. */
export type Strictness = "allow" | "deny";
