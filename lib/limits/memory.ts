/**
 * The limits of the memory; part of lib/limits.ts, through which they are imported.
 * @module
 */

const MIB = 1024 * 1024;

/** Characters of the name of an entity, and of the type of an entity or relation: they are labels. */
export const MEMORY_NAME_CHARS_MAX = 500;
/** Characters of one observation: one that would not fit into one reply could never be recalled. */
export const MEMORY_TEXT_CHARS_MAX = 20_000;
/** Entities, observations and relations in one call together, so that it holds up other processes briefly. */
export const MEMORY_FACTS_MAX = 1_000;
/** Bytes of the whole memory on disk: some hundred thousand observations, of which searching stays quick. */
export const MEMORY_BYTES_MAX = 128 * MIB;
/** Words of a query that are looked for: each is a search of its own. */
export const MEMORY_WORDS_MAX = 16;
/** Characters of a query and of a word in it: longer ones are texts, which nobody looks for. */
export const MEMORY_QUERY_CHARS_MAX = 2_000;
export const MEMORY_WORD_CHARS_MAX = 64;
/** Places looked at for one word: a word that is nearly everywhere tells nothing, and counts nothing. */
export const MEMORY_HITS_MAX = 20_000;
/** Entities that `recall` shows unless asked for fewer or more, and at most. */
export const MEMORY_PAGE_DEFAULT = 20;
export const MEMORY_PAGE_MAX = 200;
/** Facts of one entity that are shown among others, and characters of each. */
export const MEMORY_FACTS_SHOWN = 12;
export const MEMORY_FACT_CHARS = 500;
/** Names read to propose the nearest to a wrong one. */
export const MEMORY_NAMES_MAX = 5_000;
/** Bytes of a memory file of another server that is imported. */
export const MEMORY_FILE_BYTES_MAX = 32 * MIB;
/** Lines of such a file whose faults are told one by one. */
export const MEMORY_FAULTS_SHOWN = 10;
/** Faults in such a file above which it is none; each costs some microseconds and a hundred bytes. */
export const MEMORY_FAULTS_MAX = 10_000;
