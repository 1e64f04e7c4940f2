import assert from "node:assert/strict";
import { test } from "node:test";
import { COMPLETIONS_MAX, ZONES_PER_CALL_MAX } from "../../lib/limits.ts";
import { wireTool } from "../../lib/wire.ts";
import { ABBREVIATIONS, AMBIGUOUS, PLACES, RENAMED_ZONES, WINDOWS_ZONES } from "../../lib/zones.ts";
import { time } from "../../tools/time.ts";
import { withSandbox } from "../support.ts";

/** Calls get_time on a Sunday afternoon in Berlin, 2026-11-22 16:30:14, unless told otherwise. */
async function getTime(
  args: unknown,
  timeZone = "Europe/Berlin",
): Promise<{ text: string; isError: boolean }> {
  let reply = { text: "", isError: false };
  const now = () => new Date("2026-11-22T15:30:14Z");
  await withSandbox([time], async ({ call }) => {
    reply = await call("get_time", args);
  }, { now, timeZone });
  return reply;
}

/** The lines of a reply that is no error. */
async function lines(args: unknown, timeZone?: string): Promise<string[]> {
  const { text, isError } = await getTime(args, timeZone);
  assert.equal(isError, false, text);
  return text.split("\n");
}

async function refusal(args: unknown): Promise<string> {
  const { text, isError } = await getTime(args);
  assert.equal(isError, true, text);
  return text;
}

test("get_time without arguments gives the machine's zone in full", async () => {
  assert.deepEqual(await lines({}), [
    "2026-11-22 16:30:14 +01:00, Sunday, Europe/Berlin (this machine's zone)",
    "Daylight saving time: not in force (Central European Standard Time)",
    "Next change: on 2027-03-28 02:00 clocks go forward 1 h, from UTC+01:00 to UTC+02:00",
    "ISO 8601: 2026-11-22T16:30:14+01:00; week 2026-W47-7; day 326 of 365",
    "UTC: 2026-11-22 15:30:14; Unix time: 1795361414",
  ]);
});

test("get_time shows several zones beside the first, with hours and days between them", async () => {
  const shown = await lines({ zone: "Berlin, Tokyo; Los Angeles", to: "+05:45" });
  const rest = "no daylight saving time";
  assert.deepEqual(shown.slice(5), [
    `Asia/Tokyo: 2026-11-23 00:30:14 +09:00, Monday (next day); 8 h ahead of Europe/Berlin; ${rest}`,
    `America/Los_Angeles: 2026-11-22 07:30:14 -08:00, Sunday; 9 h behind Europe/Berlin; ${rest}`,
    `+05:45: 2026-11-22 21:15:14 +05:45, Sunday; 4 h 45 min ahead of Europe/Berlin; ${rest}`,
  ]);
});

test("get_time uses the rules of the date, not of today", async () => {
  const [summer] = await lines({ zone: "New York", at: "2027-07-04 12:00" });
  assert.equal(summer, "2027-07-04 12:00 -04:00, Sunday, America/New_York");
  const between = await lines({ zone: "New York", at: "2027-03-20 12:00", to: "London" });
  assert.match(between[5] ?? "", /^Europe\/London: 2027-03-20 16:00 .* 4 h ahead of America\/New_York/);
  const past = await lines({ zone: "Moscow", at: "2012-07-01 12:00" });
  assert.match(past[0] ?? "", /\+04:00/);
});

test("get_time says when a local time does not exist, and gives both readings", async () => {
  const shown = (await lines({ zone: "Berlin", at: "2027-03-28 02:30", to: "UTC" })).join("\n");
  assert.match(
    shown,
    /^2027-03-28 02:30 does not exist in Europe\/Berlin: on 2027-03-28 02:00 clocks go forward 1 h/,
  );
  assert.match(shown, /\n2027-03-28 01:30 \+01:00, Sunday/);
  assert.match(shown, /\n2027-03-28 03:30 \+02:00, Sunday/);
  assert.match(shown, /\nUTC: 2027-03-28 00:30 [^]*\nUTC: 2027-03-28 01:30 /);
});

test("get_time says when a local time happens twice, and gives both readings", async () => {
  const shown = (await lines({ zone: "Berlin", at: "2027-10-31T02:30" })).join("\n");
  assert.match(
    shown,
    /^2027-10-31 02:30 happens twice in Europe\/Berlin: on 2027-10-31 03:00 clocks go back 1 h/,
  );
  assert.match(shown, /\n2027-10-31 02:30 \+02:00[^]*\n2027-10-31 02:30 \+01:00/);
});

test("get_time knows half-hour changes and days that were left out", async () => {
  const lordHowe = (await lines({ zone: "Lord Howe", at: "2027-10-03 02:15" })).join("\n");
  assert.match(lordHowe, /does not exist .* clocks go forward 30 min, from UTC\+10:30 to UTC\+11:00/);
  const samoa = (await lines({ zone: "Apia", at: "2011-12-30 12:00" })).join("\n");
  assert.match(samoa, /does not exist .* clocks go forward 24 h, from UTC-10:00 to UTC\+14:00/);
});

test("get_time reads every documented form of a date and time", async () => {
  const forms: [at: string, shown: string][] = [
    ["now", "2026-11-22 16:30:14 +01:00"],
    ["15:00", "2026-11-22 15:00 +01:00"],
    ["3 pm", "2026-11-22 15:00 +01:00"],
    ["12am", "2026-11-22 00:00 +01:00"],
    ["12:30 p.m.", "2026-11-22 12:30 +01:00"],
    ["noon", "2026-11-22 12:00 +01:00"],
    ["tomorrow", "2026-11-23 00:00 +01:00"],
    ["tomorrow 9am", "2026-11-23 09:00 +01:00"],
    ["Yesterday 23:59:58", "2026-11-21 23:59:58 +01:00"],
    ["2027-3-8", "2027-03-08 00:00 +01:00"],
    ["2027-03-28T09:00:00.123Z", "2027-03-28 11:00 +02:00"],
    ["2027-03-28t09:00z", "2027-03-28 11:00 +02:00"],
    ["2027-03-28 09:00 -05:00", "2027-03-28 16:00 +02:00"],
    ["2027-03-28 09:00\u221205:00", "2027-03-28 16:00 +02:00"],
    ["2027-03-28T09:00+02:00[Europe/Berlin]", "2027-03-28 09:00 +02:00"],
    ["2027-03-28T09:00[America/New_York]", "2027-03-28 15:00 +02:00"],
    ["15:00 Tokyo", "2026-11-23 07:00 +01:00"],
    ["2026-07-01 15:00 EST", "2026-07-01 22:00 +02:00"],
    ["2027-W12-7", "2027-03-28 00:00 +01:00"],
    ["2026-W53", "2026-12-28 00:00 +01:00"],
    ["1806217200", "2027-03-28 09:00 +02:00"],
    ["1806217200000", "2027-03-28 09:00 +02:00"],
    ["@0", "1970-01-01 01:00 +01:00"],
    ["0001-01-01 12:00Z", "0001-01-01 12:53:28 +00:53:28"],
    ["9999-12-31 23:59:59", "9999-12-31 23:59:59 +01:00"],
  ];
  for (const [at, shown] of forms) {
    const [first] = await lines({ at });
    assert.ok(first?.startsWith(`${shown}, `), `${at}: ${first}`);
  }
});

test("get_time reads a Unix time that arrives as a number", async () => {
  const [first] = await lines({ at: 1806217200 });
  assert.match(first ?? "", /^2027-03-28 09:00 \+02:00/);
});

test("get_time refuses what is no date or time, and says how to write one", async () => {
  for (const at of ["3/4/2027", "8", "soonish", "2027-03-28T15", "T", "2027-03-28 2:30 5"]) {
    assert.match(await refusal({ at }), /^(Cannot read ".*" as a time\nWrite "2027|Unknown time zone)/, at);
  }
  assert.match(
    await refusal({ at: "2027-02-30" }),
    /^Cannot read "2027-02-30": the calendar has no 2027-02-30\n/,
  );
  assert.match(
    await refusal({ at: "25:00" }),
    /^Cannot read "25:00": no clock shows that time\nHours go from 00 to 23/,
  );
  assert.match(await refusal({ at: "13 pm" }), /no clock shows that time/);
  assert.match(await refusal({ at: "2027-W53" }), /^Cannot read "2027-W53": 2027 has no week 53\n/);
});

test("get_time accepts IANA, Windows and city names, abbreviations and offsets", async () => {
  const names: [zone: string, id: string][] = [
    ["asia/tokyo", "Asia/Tokyo"],
    ["america/new york", "America/New_York"],
    ["Pacific Standard Time", "America/Los_Angeles"],
    ["W. Europe Daylight Time", "Europe/Berlin"],
    ["Eastern Time", "America/New_York"],
    ["Central Standard Time (Mexico)", "America/Mexico_City"],
    ["São Paulo", "America/Sao_Paulo"],
    ["SAO PAULO", "America/Sao_Paulo"],
    ["st johns", "America/St_Johns"],
    ["München", "Europe/Berlin"],
    ["Łódź", "Europe/Warsaw"],
    ["東京", "Asia/Tokyo"],
    ["Mumbai", "Asia/Kolkata"],
    ["Asia/Calcutta", "Asia/Kolkata"],
    ["Calcutta", "Asia/Kolkata"],
    ["Kiev", "Europe/Kyiv"],
    ["Kyiv", "Europe/Kyiv"],
    ["Beijing", "Asia/Shanghai"],
    ["San Francisco", "America/Los_Angeles"],
    ["US/Pacific", "US/Pacific"],
    ["Etc/GMT+3", "Etc/GMT+3"],
    ["jst", "Asia/Tokyo"],
    ["utc", "UTC"],
    ["Z", "UTC"],
    ["UTC+2", "+02:00"],
    ["GMT-3", "-03:00"],
    ["+0545", "+05:45"],
    ["\u22123", "-03:00"],
  ];
  for (const [zone, id] of names) {
    const [first] = await lines({ zone }, "Africa/Nairobi");
    assert.match(first ?? "", new RegExp(`day, ${id.replace(/[+/]/g, "\\$&")}( \\(|$)`), zone);
  }
});

test("get_time says what an abbreviation stands for when its zone is at another offset", async () => {
  const shown = await lines({ zone: "EST", at: "2026-07-01 15:00" });
  assert.equal(shown[0], '2026-07-01 15:00 -04:00, Wednesday, America/New_York ("EST")');
  assert.match(
    shown.at(-1) ?? "",
    /^"EST" stands for UTC-05:00, but America\/New_York is at UTC-04:00 then; give "-05:00"/,
  );
  assert.doesNotMatch((await lines({ zone: "EST", at: "2026-12-01 15:00" })).join("\n"), /stands for/);
});

test("get_time refuses an ambiguous name with its candidates", async () => {
  const text = await refusal({ zone: "IST" });
  assert.equal(
    text,
    'Time zone "IST" means several zones\nGive one of them: Asia/Kolkata, Europe/Dublin, Asia/Jerusalem.',
  );
  assert.match(await refusal({ zone: "cst" }), /America\/Chicago, Asia\/Shanghai, America\/Havana/);
});

test("get_time refuses an unknown zone with the nearest names", async () => {
  assert.match(
    await refusal({ zone: "Europe/Berln" }),
    /^Unknown time zone "Europe\/Berln"\nNearest: Europe\/Berlin/,
  );
  assert.match(await refusal({ to: "Tokio" }), /^Unknown time zone "Tokio"\nNearest: Asia\/Tokyo/);
  for (const zone of ["__proto__", "constructor", "+25:00", "\u0000", "🕰️", "a".repeat(500)]) {
    assert.match(await refusal({ zone }), /^Unknown time zone /, zone);
  }
});

test("get_time refuses more zones than it shows", async () => {
  const zone = Array.from({ length: ZONES_PER_CALL_MAX + 1 }, () => "UTC").join(",");
  assert.match(await refusal({ zone }), /^Cannot show 21 zones in one call\nAsk for at most 20\./);
});

test("get_time measures between moments, both ways and across a change of the clocks", async () => {
  const forward = await lines({ at: "2026-11-22", to: "2027-03-29 12:00" });
  const spans = "4 months 7 days 12 hours later (127 whole days, 3059 h, 11,012,400 s)";
  assert.equal(forward.at(-1), `2027-03-29 12:00 +02:00, Monday, is ${spans}`);
  const back = await lines({ at: "2027-03-01", to: "2027-02-28 23:59" });
  assert.match(back.at(-1) ?? "", /is 1 minute earlier \(0 whole days, 1 min, 60 s\)$/);
  assert.match((await lines({ to: "now" })).at(-1) ?? "", /is the same moment$/);
});

test("get_time states whether daylight saving time is in force where names do not tell", async () => {
  const cases: [zone: string, at: string, inForce: boolean][] = [
    ["Europe/Dublin", "2027-07-01", true],
    ["Europe/Dublin", "2027-01-01", false],
    ["Africa/Casablanca", "2027-07-01", false],
    ["Antarctica/Troll", "2027-07-01", true],
    ["Asia/Kolkata", "2027-07-01", false],
    ["Australia/Lord_Howe", "2027-01-01", true],
    ["Europe/London", "1942-01-15", true],
    ["+01:00", "2027-07-01", false],
  ];
  for (const [zone, at, inForce] of cases) {
    const shown = (await lines({ zone, at }))[1] ?? "";
    assert.equal(shown.startsWith("Daylight saving time: in force"), inForce, `${zone} ${at}: ${shown}`);
  }
});

test("get_time works on a machine whose zone has a Windows name, an unknown one or none", async () => {
  assert.match(
    (await lines({}, "Pacific Standard Time"))[0] ?? "",
    /America\/Los_Angeles \(this machine's zone\)$/,
  );
  for (const zone of ["", "Nonsense/Zone"]) {
    const shown = await lines({}, zone);
    assert.equal(
      shown[0],
      `This machine reports no usable time zone ("${zone}"): UTC is shown. Name yours in "zone".`,
    );
    assert.equal(shown[2], "2026-11-22 15:30:14 +00:00, Sunday, UTC");
    assert.match((await lines({ zone: "Tokyo" }, zone))[0] ?? "", /Asia\/Tokyo$/);
  }
});

test("get_time costs at most 1,100 characters in the list of tools", () => {
  for (const tool of time.tools) assert.ok(JSON.stringify(wireTool(tool)).length <= 1_100);
});

test("zones names only zones this runtime knows", () => {
  const ids = [
    ...Object.values(WINDOWS_ZONES),
    ...Object.keys(PLACES),
    ...Object.values(ABBREVIATIONS).flat(),
    ...Object.values(AMBIGUOUS).flat(),
    ...Object.entries(RENAMED_ZONES).flat(),
  ];
  for (const id of ids) assert.doesNotThrow(() => new Temporal.ZonedDateTime(0n, id), id);
  for (const [name, [zone, offset]] of Object.entries(ABBREVIATIONS)) {
    const offsets = ["2026-01-15T00:00Z", "2026-07-15T00:00Z"].map((moment) =>
      Temporal.Instant.from(moment).toZonedDateTimeISO(zone).offset
    );
    assert.ok(offsets.includes(offset), name);
  }
});

test("find_meeting_time names the places and completes the last of several zones", async () => {
  await withSandbox([time], async ({ caller }) => {
    const [prompt] = time.prompts;
    assert.ok(prompt !== undefined);
    const message = await prompt.render({ zones: "Berlin, Tokyo" }, await caller.context());
    assert.match(message, /people in: Berlin, Tokyo/);
    assert.match(message, /meeting of one hour/);
    const complete = prompt.arguments[0]?.complete;
    assert.ok(complete !== undefined);
    assert.deepEqual(await complete("Berlin, sao p", await caller.context()), ["Berlin, America/Sao_Paulo"]);
    assert.equal((await complete("", await caller.context())).length, COMPLETIONS_MAX);
  });
});
