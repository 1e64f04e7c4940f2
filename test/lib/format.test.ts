import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { counted, localTime, sizeText } from "../../lib/format.ts";
import { runtimeName } from "../../lib/runtime.ts";

test("sizeText shows at most three digits and never 1000 of a unit", () => {
  const shown = [0, 999, 1_000, 1_234, 9_949, 9_950, 34_567, 999_499, 999_500, 1e9, 10 * 1024 ** 3].map(
    sizeText,
  );
  assert.deepEqual(
    shown,
    ["0 B", "999 B", "1.0 kB", "1.2 kB", "9.9 kB", "10 kB", "35 kB", "999 kB", "1.0 MB", "1.0 GB", "11 GB"],
  );
});

test("counted agrees the noun with the number", () => {
  assert.deepEqual([0, 1, 1_234].map((value) => counted(value, "file")), [
    "0 files",
    "1 file",
    "1,234 files",
  ]);
  assert.equal(counted(2, "entry", "entries"), "2 entries");
});

test("localTime is ISO 8601 with the zone's own offset, summer time and odd offsets included", () => {
  const moment = new Date("2026-07-01T22:30:05Z");
  assert.equal(localTime(moment, "Europe/Berlin"), "2026-07-02T00:30:05+02:00");
  assert.equal(localTime(moment, "Asia/Kathmandu"), "2026-07-02T04:15:05+05:45");
  assert.equal(localTime(new Date("2026-01-01T00:00:00Z"), "UTC"), "2026-01-01T00:00:00+00:00");
});

test("localTime is the same in the machine's own zone, a century ago and around summer time, too", () => {
  const format = new URL("../../lib/format.ts", import.meta.url).href;
  // The zone of the machine, and one of another name that has always had the same time.
  const code = `const { localTimes } = await import(${JSON.stringify(format)});
    const own = localTimes(new Intl.DateTimeFormat().resolvedOptions().timeZone);
    const other = localTimes("Europe/Vaduz");
    const spans = [[-1.3e12, -1.25e12], [1.7e12, 1.74e12]];
    for (const [from, to] of spans) {
      for (let at = from; at < to; at += 12e6) {
        const [one, two] = [own(new Date(at)), other(new Date(at))];
        if (one !== two) throw new Error(one + " is not " + two);
      }
    }
    console.log(own(new Date(1.72e12)), own(new Date(1.73e12)));`;
  const isDeno = runtimeName().startsWith("Deno");
  const args = isDeno ? ["eval", "--no-check", "--ext=ts", code] : ["-e", code];
  const env = { ...process.env, TZ: "Europe/Zurich" };
  const { stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  assert.equal(stderr, "");
  assert.equal(stdout, "2024-07-03T11:46:40+02:00 2024-10-27T04:33:20+01:00\n");
});

test("localTime has four digits for the year before the first, in the machine's own zone, too", () => {
  const format = new URL("../../lib/format.ts", import.meta.url).href;
  const code = `const { localTime } = await import(${JSON.stringify(format)});
    for (const zone of ["UTC", "Etc/GMT"])
      console.log(localTime(new Date(-622e11), zone).replace(/^\\d{4}/, ""));`;
  const isDeno = runtimeName().startsWith("Deno");
  const args = isDeno ? ["eval", "--no-check", "--ext=ts", code] : ["-e", code];
  const env = { ...process.env, TZ: "UTC" };
  const { stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  const rest = "-12-17T14:13:20+00:00\n";
  assert.deepEqual([stdout, stderr], [rest.repeat(2), ""]);
});
