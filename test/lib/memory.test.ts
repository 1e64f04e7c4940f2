import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ToolError } from "../../lib/errors.ts";
import { MEMORY_FACTS_MAX, MEMORY_NAME_CHARS_MAX, MEMORY_TEXT_CHARS_MAX } from "../../lib/limits.ts";
import { createMemory } from "../../lib/memory/memory.ts";
import type { Memory, Question } from "../../lib/memory/types.ts";
import { termsOf, wordsOf } from "../../lib/memory/words.ts";

interface Place {
  readonly folder: string;
  readonly memory: Memory;
  readonly warnings: string[];
  /** The names that a question finds, in their order. */
  found(query: string): Promise<string[]>;
}

/** A memory in a fresh folder. */
async function withMemory(work: (place: Place) => Promise<void>, bytes?: number): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), "clawhammer-memory-"));
  const folder = join(base, "memory");
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const memory = createMemory({ folder, warn, ...(bytes === undefined ? {} : { bytes }) });
  try {
    await work({
      folder,
      memory,
      warnings,
      found: async (query) => (await ask(memory, { query })).entities.map(({ name }) => name),
    });
  } finally {
    memory.release();
    await rm(base, { recursive: true, force: true });
  }
}

async function ask(memory: Memory, question: Partial<Question>) {
  return await memory.recall({ limit: 100, facts: 100, ...question });
}

/** All bytes of the files of a memory. */
async function bytesOf(folder: string): Promise<string> {
  const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
  return files.map((bytes) => bytes.toString("latin1")).join("");
}

test("memory opens and makes nothing before something is remembered", async () => {
  await withMemory(async ({ folder, memory }) => {
    assert.equal((await ask(memory, {})).size, 0);
    assert.deepEqual((await ask(memory, { names: ["x"] })).unknown, [{ name: "x", nearest: [] }]);
    assert.deepEqual((await memory.forget({ entities: ["x"] })).absent.entities, ["x"]);
    assert.deepEqual(await memory.graph(1_000), { entities: [], relations: [] });
    await assert.rejects(stat(folder), { code: "ENOENT" });
  });
});

test("memory keeps what it was told for the next process, closed to other users", async () => {
  await withMemory(async ({ folder, memory }) => {
    await memory.remember({
      entities: [{ name: "Ada", type: "person", observations: ["likes tea", "lives in Bath"] }],
      relations: [{ from: "Ada", type: "knows", to: "Charles" }],
    }, { at: 1_000 });
    memory.release();
    const next = createMemory({ folder });
    const { entities: [ada] } = await ask(next, { names: ["ADA"] });
    assert.deepEqual(ada, {
      name: "Ada",
      type: "person",
      changed: 1_000,
      observations: 2,
      relations: 1,
      facts: [
        { kind: "observation", text: "lives in Bath", at: 1_000 },
        { kind: "observation", text: "likes tea", at: 1_000 },
        { kind: "to", type: "knows", other: "Charles" },
      ],
    });
    const { entities: [charles] } = await ask(next, { names: ["Charles"] });
    assert.deepEqual(charles?.facts, [{ kind: "from", type: "knows", other: "Ada" }]);
    next.release();
    if (process.platform === "win32") return;
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    for (const name of await readdir(folder)) {
      assert.equal((await stat(join(folder, name))).mode & 0o077, 0, name);
    }
  });
});

test("memory says what was new and what was known; telling twice changes nothing", async () => {
  await withMemory(async ({ memory }) => {
    const facts = {
      entities: [
        { name: "Ada", type: "person", observations: ["a", "a", " a "] },
        { name: "Ada", observations: ["b"] },
        { name: " ada\u200b ", type: "", observations: [] },
      ],
      observations: [{ entity: "Bob", texts: ["c"] }],
      relations: [{ from: "Ada", type: "knows", to: "Eve" }, { from: "ada", type: "knows", to: "EVE" }],
    };
    const first = await memory.remember(facts);
    assert.deepEqual([first.entities, first.mentioned], [["Ada"], ["Bob", "Eve"]]);
    assert.deepEqual([first.observations, first.relations], [3, 1]);
    assert.deepEqual(first.known, { entities: 2, observations: 2, relations: 1 });
    const graph = await memory.graph(10_000);
    const again = await memory.remember(facts);
    assert.deepEqual([again.entities, again.mentioned, again.observations, again.relations], [[], [], 0, 0]);
    assert.deepEqual(await memory.graph(10_000), graph);
    assert.deepEqual(graph, {
      entities: [
        { name: "Ada", entityType: "person", observations: ["a", "b"] },
        { name: "Bob", entityType: "", observations: ["c"] },
        { name: "Eve", entityType: "", observations: [] },
      ],
      relations: [{ from: "Ada", to: "Eve", relationType: "knows" }],
    });
    assert.equal(await memory.graph(10), undefined);
    const other = await memory.remember({ entities: [{ name: "Ada", type: "poet" }] });
    assert.deepEqual(other.retyped, [{ name: "Ada", from: "person", to: "poet" }]);
    const kept = await memory.remember({ entities: [{ name: "Ada", type: "x" }] }, { keepTypes: true });
    assert.deepEqual(kept.kept, [{ name: "Ada", type: "poet", told: "x" }]);
  });
});

test("memory takes all of a call or nothing, and names what it cannot take", async () => {
  await withMemory(async ({ folder, memory }) => {
    const good = { name: "Ada" };
    const cases: [Parameters<Memory["remember"]>[0], RegExp][] = [
      [{ entities: [good, { name: " \u200b " }] }, /entities\[1\]\.name is empty/],
      [{ entities: [good, { name: "n".repeat(MEMORY_NAME_CHARS_MAX + 1) }] }, /entities\[1\]\.name has 501/],
      [{ entities: [good, { name: "b", type: "t".repeat(501) }] }, /entities\[1\]\.type has 501 characters/],
      [{ entities: [{ name: "b", observations: ["x", ""] }] }, /entities\[0\]\.observations\[1\] is empty/],
      [
        { entities: [good], observations: [{ entity: "b", texts: ["x".repeat(MEMORY_TEXT_CHARS_MAX + 1)] }] },
        /observations\[0\]\.texts\[0\] has 20,001 characters/,
      ],
      [{ entities: [good], relations: [{ from: "a", type: "", to: "b" }] }, /relations\[0\]\.type is empty/],
      [{}, /nothing to remember/],
      [{ observations: [{ entity: "a", texts: Array(MEMORY_FACTS_MAX + 1).fill("x") }] }, /1,001 entities/],
    ];
    for (const [facts, reason] of cases) {
      await assert.rejects(memory.remember(facts), (error: unknown) => {
        return error instanceof ToolError && reason.test(error.message) && error.next !== "";
      });
    }
    await assert.rejects(stat(folder), { code: "ENOENT" });
  });
});

test("a full memory refuses more and keeps what it has; forgetting makes room", async () => {
  await withMemory(async ({ memory }) => {
    const text = (i: number) => `${i} ${"y".repeat(15_000)}`;
    let kept = 0;
    await assert.rejects(async () => {
      for (;; kept++) {
        await memory.remember({ entities: [{ name: "big", observations: [text(kept)] }] });
      }
    }, (error: unknown) => error instanceof ToolError && /larger than 600 kB/.test(error.message));
    assert.ok(kept > 5);
    const { entities: [big] } = await ask(memory, { names: ["big"] });
    assert.equal(big?.observations, kept);
    await memory.forget({ entities: ["big"] });
    await memory.remember({ entities: [{ name: "big", observations: [text(0)] }] });
  }, 600_000);
});

test("recall finds words in any order and any writing, beginnings, and scripts without spaces", async () => {
  await withMemory(async ({ memory, found }) => {
    await memory.remember({
      entities: [
        { name: "Ada", type: "person", observations: ["Drinks green TEA in München", "uses snake_case"] },
        { name: "旅行", observations: ["東京都に住む友達に会う"] },
        { name: "ไทย", observations: ["ภาษาไทยง่าย"] },
        { name: "Ωμέγα", observations: ["Straße 5, ＦＵＬＬ width, Ångström"] },
        { name: "हिन्दी", observations: ["मुझे चाय पसंद है"] },
      ],
      relations: [{ from: "Ada", type: "works_at", to: "Engine Ltd" }],
    });
    const cases: [string, string][] = [
      ["tea green", "Ada"],
      ["MUNCHEN", "Ada"],
      ["münch", "Ada"],
      ["drink teas", "Ada"],
      ["case", "Ada"],
      ["京都", "旅行"],
      ["都に住む", "旅行"],
      ["友", "旅行"],
      ["う", "旅行"],
      ["ไทยง่าย", "ไทย"],
      ["ωμεγα", "Ωμέγα"],
      ["full angstrom", "Ωμέγα"],
      ["चाय", "हिन्दी"],
    ];
    for (const [query, name] of cases) assert.equal((await found(query))[0], name, query);
    assert.deepEqual((await found("works")).toSorted(), ["Ada", "Engine Ltd"]);
    for (const none of ["東都", "xyz", "!!!", "🍵", "te"]) assert.deepEqual(await found(none), [], none);
  });
});

test("recall puts names first, then rare words before frequent ones, whole words before parts", async () => {
  await withMemory(async ({ memory, found }) => {
    const filler = Array.from({ length: 50 }, (_, i) => ({
      name: `note ${i}`,
      observations: ["the user and the project"],
    }));
    await memory.remember({
      entities: [
        ...filler,
        { name: "Zed", observations: ["Phoenix was mentioned once"] },
        { name: "Phoenix", type: "project" },
        { name: "Ann", observations: ["the user likes rarity"] },
        { name: "Tom", observations: ["cat"] },
        { name: "Tim", observations: ["catalogue"] },
      ],
    });
    assert.deepEqual(await found("phoenix"), ["Phoenix", "Zed"]);
    assert.equal((await found("the user rarity"))[0], "Ann");
    assert.deepEqual(await found("cat"), ["Tom", "Tim"]);
    assert.equal((await found("note 7"))[0], "note 7");
    const page = await memory.recall({ query: "project", limit: 3, skip: 1, facts: 1 });
    assert.deepEqual([page.entities.length, page.total, page.size], [3, 51, 55]);
    const { entities: [ann] } = await ask(memory, { query: "rarity" });
    assert.equal(ann?.facts.length, 1);
  });
});

test("a query is words and nothing else: no syntax of the search reaches it", async () => {
  await withMemory(async ({ memory, found }) => {
    await memory.remember({ entities: [{ name: "Ada", observations: ["tea OR coffee"] }] });
    const hostile = [
      '"',
      'a" OR body:*',
      "NEAR(a b)",
      "tea*",
      "-tea",
      "^tea",
      "(tea",
      "tea AND NOT",
      "\0tea",
      "{}:",
    ];
    for (const query of hostile) await found(query);
    assert.deepEqual(await found('tea" NOT "coffee'), ["Ada"]);
    assert.equal(termsOf(`${"w ".repeat(5_000)}`).length, 1);
    assert.equal(termsOf(Array.from({ length: 99 }, (_, i) => `w${i}`).join(" ")).length, 16);
    assert.equal(wordsOf("A-b_c d\u0301"), "a b c d");
  });
});

test("names of the language's own objects are names like any other", async () => {
  await withMemory(async ({ memory }) => {
    const names = [
      "__proto__",
      "constructor",
      "toString",
      "'; DROP TABLE entities; --",
      "%",
      "_",
      "a\u0000b",
    ];
    await memory.remember({ entities: names.map((name) => ({ name, observations: [`of ${name}`] })) });
    const { entities, unknown } = await ask(memory, { names });
    assert.deepEqual(unknown, []);
    assert.equal(entities.length, names.length);
    assert.deepEqual(await memory.names("%", 10), ["%"]);
    assert.deepEqual(await memory.names("proto", 10), ["__proto__"]);
    assert.deepEqual((await memory.forget({ entities: ["__proto__"] })).entities, ["__proto__"]);
    assert.equal((await ask(memory, {})).size, names.length - 1);
  });
});

test("what nobody sees is not kept, in names, types and texts", async () => {
  await withMemory(async ({ memory }) => {
    await memory.remember({
      entities: [{
        name: "A\u202eda\n1",
        type: "\u200bpoet\u0007",
        observations: ["a\u{e0041}b\r\nc\u0000"],
      }],
      relations: [{ from: "Ada 1", type: "is\u2066", to: "Ada\ufeff 1" }],
    });
    assert.deepEqual(await memory.graph(1_000), {
      entities: [{ name: "Ada 1", entityType: "poet", observations: ["ab\nc"] }],
      relations: [{ from: "Ada 1", to: "Ada 1", relationType: "is" }],
    });
  });
});

test("forget removes exactly what was named, and says what was not there", async () => {
  await withMemory(async ({ memory, found }) => {
    await memory.remember({
      entities: [{ name: "Ada", observations: ["one", "two", "three"] }, { name: "Bob" }],
      relations: [
        { from: "Ada", type: "knows", to: "Bob" },
        { from: "Bob", type: "knows", to: "Ada" },
        { from: "Bob", type: "is", to: "Bob" },
      ],
    });
    const done = await memory.forget({
      observations: [{ entity: "ada", texts: ["two ", "Two"] }, { entity: "Eve", texts: ["x"] }],
      relations: [{ from: "Bob", type: "is", to: "Bob" }, { from: "Bob", type: "hates", to: "Ada" }],
    });
    assert.deepEqual([done.entities, done.observations, done.relations], [[], 1, 1]);
    assert.deepEqual(done.absent, {
      entities: [],
      observations: [{ entity: "ada", text: "Two" }, { entity: "Eve", text: "x" }],
      relations: [{ from: "Bob", type: "hates", to: "Ada" }],
    });
    const all = await memory.forget({ entities: ["ADA", "Nobody"] });
    assert.deepEqual([all.entities, all.observations, all.relations], [["Ada"], 2, 2]);
    assert.deepEqual(all.absent.entities, ["Nobody"]);
    assert.deepEqual(await found("one"), []);
    assert.deepEqual(await found("knows"), []);
    assert.deepEqual(await memory.graph(1_000), {
      entities: [{ name: "Bob", entityType: "", observations: [] }],
      relations: [],
    });
  });
});

test("what was forgotten is in no file any more, not even its words", async () => {
  await withMemory(async ({ folder, memory }) => {
    const secret = "zanzibarquux";
    const others = Array.from({ length: 200 }, (_, i) => ({ name: `n${i}`, observations: [`text ${i}`] }));
    await memory.remember({ entities: others });
    await memory.remember({
      entities: [{ name: "Ada", type: secret, observations: [`the word ${secret}`] }],
    });
    await memory.remember({ relations: [{ from: "Ada", type: secret, to: `${secret} two` }] });
    assert.ok((await bytesOf(folder)).includes(secret));
    await memory.forget({ entities: ["Ada", `${secret} two`] });
    assert.ok(!(await bytesOf(folder)).includes(secret));
    assert.ok(!(await bytesOf(folder)).includes("zanzibar"));
  });
});

test("a damaged memory is set aside with a word about it, and a new one begins", async () => {
  await withMemory(async ({ folder, memory, warnings }) => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "memory.db"), "no database at all, ".repeat(500));
    assert.equal((await ask(memory, {})).size, 0);
    assert.match(warnings.join(), /The memory was damaged and is now/);
    const [aside = ""] = await memory.aside();
    assert.match(await readFile(join(aside, "memory.db"), "utf8"), /no database/);
    await memory.remember({ entities: [{ name: "new" }] });
    assert.equal((await ask(memory, {})).size, 1);
  });
});

test("a memory that cannot be used says why, and what to do", async () => {
  const nowhere = createMemory({ folder: undefined });
  const isHelpful = (pattern: RegExp) => (error: unknown) =>
    error instanceof ToolError && pattern.test(error.message) && /HOME|folder/.test(error.next);
  await assert.rejects(
    nowhere.remember({ entities: [{ name: "a" }] }),
    isHelpful(/names no folder for data/),
  );
  await withMemory(async ({ folder, memory }) => {
    await writeFile(folder, "a file in the way");
    await assert.rejects(
      memory.remember({ entities: [{ name: "a" }] }),
      isHelpful(/Cannot use the memory in/),
    );
  });
});

test("memories of several openings at once all arrive", async () => {
  await withMemory(async ({ folder, memory }) => {
    const others = Array.from({ length: 4 }, () => createMemory({ folder }));
    await Promise.all(
      [memory, ...others].flatMap((one, i) =>
        Array.from({ length: 20 }, (_, j) =>
          one.remember({
            entities: [{ name: "shared", observations: [`${i} ${j}`] }, { name: `${i}.${j}` }],
          }))
      ),
    );
    const { entities: [shared], size } = await ask(memory, { names: ["shared"] });
    assert.deepEqual([shared?.observations, size], [100, 101]);
    for (const one of others) one.release();
  });
});
