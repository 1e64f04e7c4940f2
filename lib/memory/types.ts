/**
 * What is remembered: entities with observations, and relations between entities.
 * @module
 */

/** An entity as it is told. */
export interface NewEntity {
  readonly name: string;
  /** Keeps the one it has, or has none, unless given. */
  readonly type?: string | undefined;
  readonly observations?: readonly string[] | undefined;
}

/** A relation, read as a sentence: FROM TYPE TO. */
export interface Relation {
  readonly from: string;
  readonly type: string;
  readonly to: string;
}

/** Observations of one entity. */
export interface Observed {
  readonly entity: string;
  readonly texts: readonly string[];
}

/** What is to be remembered. */
export interface Facts {
  readonly entities?: readonly NewEntity[] | undefined;
  readonly relations?: readonly Relation[] | undefined;
  readonly observations?: readonly Observed[] | undefined;
}

/** How it is to be remembered. */
export interface RememberOptions {
  /** Milliseconds since 1970 from which it is known; now unless given. */
  readonly at?: number;
  /** Whether an entity that has a type keeps it, whatever is told. */
  readonly keepTypes?: boolean;
}

/** What became of it. */
export interface Remembered {
  /** The names of new entities: those that were told, and those that were only mentioned. */
  readonly entities: readonly string[];
  readonly mentioned: readonly string[];
  readonly observations: number;
  readonly relations: number;
  /** How many of each were known already. */
  readonly known: { readonly entities: number; readonly observations: number; readonly relations: number };
  /** Entities that have another type now. */
  readonly retyped: readonly { readonly name: string; readonly from: string; readonly to: string }[];
  /** Entities whose type was kept although another was told. */
  readonly kept: readonly { readonly name: string; readonly type: string; readonly told: string }[];
}

/** What is to be forgotten. */
export interface Unwanted {
  readonly entities?: readonly string[] | undefined;
  readonly observations?: readonly Observed[] | undefined;
  readonly relations?: readonly Relation[] | undefined;
}

/** What was forgotten, and what was not there. */
export interface Forgotten {
  readonly entities: readonly string[];
  /** Observations and relations, those that went with their entities among them. */
  readonly observations: number;
  readonly relations: number;
  readonly absent: {
    readonly entities: readonly string[];
    readonly observations: readonly { readonly entity: string; readonly text: string }[];
    readonly relations: readonly Relation[];
  };
}

/** One thing known of an entity. */
export type Fact =
  | { readonly kind: "observation"; readonly text: string; readonly at: number }
  | { readonly kind: "to" | "from"; readonly type: string; readonly other: string };

/** An entity as it is recalled. */
export interface Entity {
  readonly name: string;
  readonly type: string;
  /** Milliseconds since 1970 of the last change. */
  readonly changed: number;
  readonly observations: number;
  readonly relations: number;
  /** Observations first, then relations; the newest first, and before those what was looked for. */
  readonly facts: readonly Fact[];
}

/** What is asked of the memory. */
export interface Question {
  /** Words, in any order; the beginning of one is enough. */
  readonly query?: string | undefined;
  readonly names?: readonly string[] | undefined;
  /** How many entities are skipped; of a single named one, how many facts. */
  readonly skip?: number;
  /** How many entities are wanted. */
  readonly limit: number;
  /** How many facts of each are wanted; of a single named one, all that come. */
  readonly facts: number;
}

/** What the memory knows. */
export interface Recalled {
  readonly entities: readonly Entity[];
  /** How many entities there are in answer to the question. */
  readonly total: number;
  /** Names that are not known, and the nearest ones that are. */
  readonly unknown: readonly { readonly name: string; readonly nearest: readonly string[] }[];
  /** How many entities there are at all. */
  readonly size: number;
  /** When nothing special was asked for: the types there are, the most frequent first. */
  readonly types: readonly { readonly type: string; readonly count: number }[];
}

/** Everything, in the words of the official memory server. */
export interface Graph {
  readonly entities: readonly {
    readonly name: string;
    readonly entityType: string;
    readonly observations: readonly string[];
  }[];
  readonly relations: readonly {
    readonly from: string;
    readonly to: string;
    readonly relationType: string;
  }[];
}

/** The memory of this person, shared by every process. */
export interface Memory {
  /** Where it is kept; undefined when this machine has no place for it. */
  readonly folder: string | undefined;
  /** Remembers all of it, or nothing. @throws {ToolError} */
  remember(facts: Facts, options?: RememberOptions): Promise<Remembered>;
  /** Recalls what answers a question. @throws {ToolError} */
  recall(question: Question): Promise<Recalled>;
  /** Forgets, without leaving a trace in the files. @throws {ToolError} */
  forget(unwanted: Unwanted): Promise<Forgotten>;
  /** Everything; undefined when it is longer than `chars` characters. @throws {ToolError} */
  graph(chars: number): Promise<Graph | undefined>;
  /** Names that contain a text, those that begin with it first. @throws {ToolError} */
  names(part: string, limit: number, skip?: number): Promise<readonly string[]>;
  /** Memories that were found damaged and set aside, as folders. */
  aside(): Promise<readonly string[]>;
  /** Lets go of the database. */
  release(): void;
}
