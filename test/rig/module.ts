/**
 * A module that misbehaves on demand, for tests of the server and its transport.
 * @module
 */
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ToolError } from "../../lib/errors.ts";
import { PROGRESS_MS_MIN } from "../../lib/limits.ts";
import { text } from "../../lib/reply.ts";
import { defineModule, defineTool } from "../../lib/tool.ts";

const wait = defineTool({
  name: "wait",
  title: "Wait",
  description: "Waits, then answers",
  effect: "read",
  world: "closed",
  input: { ms: z.number().describe("Milliseconds") },
  paths: [],
  async run({ ms }, { signal }) {
    await sleep(ms, undefined, { signal });
    return text(`waited ${ms}`);
  },
});

const stubborn = defineTool({
  name: "stubborn",
  title: "Ignore cancellation",
  description: "Waits whatever happens, and notes when it starts and when it is done",
  effect: "add",
  world: "closed",
  input: {
    ms: z.number().describe("Milliseconds"),
    note: z.string().describe("File that gets the lines"),
  },
  paths: [],
  async run({ ms, note }) {
    appendFileSync(note, "start\n");
    await sleep(ms);
    appendFileSync(note, "done\n");
    return text("never mind");
  },
});

const count = defineTool({
  name: "count",
  title: "Count",
  description: "Reports progress, also backwards and much too often",
  effect: "read",
  world: "closed",
  input: { steps: z.number().describe("Steps"), pauseMs: z.number().describe("Milliseconds between them") },
  paths: [],
  async run({ steps, pauseMs }, ctx) {
    for (let step = 1; step <= steps; step++) {
      ctx.progress(step, steps, `step ${step}`);
      if (pauseMs > 0) await sleep(pauseMs);
      ctx.progress(step - 1, steps);
    }
    // Long enough after the reply that only the end of the call can hold it back.
    setTimeout(() => ctx.progress(steps + 1), 2 * PROGRESS_MS_MIN);
    return text(`counted ${steps}`);
  },
});

const flood = defineTool({
  name: "flood",
  title: "Flood",
  description: "Answers with bytes that do not compress",
  effect: "read",
  world: "closed",
  input: { bytes: z.number().describe("Bytes") },
  paths: [],
  run({ bytes }) {
    return { parts: [{ type: "image", bytes: new Uint8Array(bytes).fill(7), mimeType: "image/png" }] };
  },
});

const print = defineTool({
  name: "print",
  title: "Print",
  description: "Prints to standard output, as a careless library does",
  effect: "read",
  world: "closed",
  input: {},
  paths: [],
  run() {
    // deno-lint-ignore no-console -- what is tested is that it goes elsewhere
    console.log("stray console.log");
    process.stdout.write("stray write\n");
    return text("printed");
  },
});

const throwLate = defineTool({
  name: "throw_late",
  title: "Throw late",
  description: "Answers, and fails afterwards where nobody catches it",
  effect: "read",
  world: "closed",
  input: {},
  paths: [],
  run() {
    setTimeout(() => {
      throw new Error("late exception");
    }, 0);
    void Promise.reject(new Error("late rejection"));
    return text("fine so far");
  },
});

const spawnChild = defineTool({
  name: "spawn_child",
  title: "Spawn a child",
  description: "Starts a process that lives until the call is aborted, and notes its id",
  effect: "add",
  world: "closed",
  input: { note: z.string().describe("File that gets the process id") },
  paths: [],
  async run({ note }, { signal }) {
    const child = spawn("sleep", ["600"], { signal, killSignal: "SIGKILL", stdio: "ignore" });
    child.on("error", () => {});
    appendFileSync(note, `${child.pid}\n`);
    await new Promise((resolve) => child.on("close", resolve));
    return text("ended");
  },
});

const fail = defineTool({
  name: "fail",
  title: "Fail",
  description: "Fails in a way the caller can mend",
  effect: "read",
  world: "closed",
  input: {},
  paths: [],
  run() {
    throw new ToolError("Cannot do that", "Do something else.");
  },
});

/** The module. */
export const rig = defineModule({
  name: "rig",
  title: "Rig",
  instructions: "Tools that misbehave on demand.",
  tools: [wait, stubborn, count, flood, print, throwLate, spawnChild, fail],
  prompts: [{
    name: "greet",
    title: "Greet",
    description: "Greets somebody",
    arguments: [
      {
        name: "who",
        description: "Whom",
        required: true,
        complete: (value) => Array.from({ length: 250 }, (_, n) => `${value}${n}`),
      },
      { name: "how", description: "How", required: false },
    ],
    render: ({ who, how }) => `${how ?? "Hello"} ${who}`,
  }],
  resources: {
    templates: [{
      uriTemplate: "rig:///{+name}",
      name: "Rig",
      title: "Rig",
      description: "A resource by name",
      mimeType: "text/plain",
      complete: (_variable, value) =>
        Promise.resolve(["one", "two"].filter((name) => name.startsWith(value))),
    }],
    list(cursor) {
      if (cursor === undefined) {
        return Promise.resolve({ resources: [{ uri: "rig:///one", name: "one" }], next: "2" });
      }
      return Promise.resolve({ resources: [{ uri: "rig:///two", name: "two" }] });
    },
    read(uri) {
      if (uri === "rig:///bytes") {
        return Promise.resolve([{ uri, mimeType: "image/png", bytes: new Uint8Array([0, 255]) }]);
      }
      if (uri === "rig:///huge") {
        return Promise.resolve([{ uri, mimeType: "text/plain", text: "x".repeat(2_000_000) }]);
      }
      if (uri === "rig:///broken") throw new ToolError("Cannot read it", "Read something else.");
      if (uri === "rig:///bug") throw new TypeError("a bug");
      const known = uri === "rig:///one" || uri === "rig:///two";
      return Promise.resolve(known ? [{ uri, mimeType: "text/plain", text: uri.slice(7) }] : undefined);
    },
  },
});
