/**
 * The time: now or at any date, in any zone. Zone rules and calendar arithmetic are the runtime's
 * (`Temporal`); this file reads the names and dates people write, and says what happens where clocks change.
 * @module
 */
import { z } from "zod";
import { ToolError } from "../lib/errors.ts";
import { COMPLETIONS_MAX, TIME_ARGUMENT_CHARS_MAX, ZONES_PER_CALL_MAX } from "../lib/limits.ts";
import { text } from "../lib/reply.ts";
import { type AnyTool, defineModule, defineTool, type Module, type Prompt } from "../lib/tool.ts";
import {
  completeZone,
  type Machine,
  namesZone,
  type Zone,
  type ZoneReader,
  zoneReader,
} from "../lib/timezone.ts";

type Zoned = Temporal.ZonedDateTime;

/** What a date and time mean: one moment, or two where the clocks change. */
interface Reading {
  readonly note?: string;
  readonly moments: readonly Temporal.Instant[];
}

function items(list: string): string[] {
  return list.split(/[,;\n]/).map((item) => item.trim()).filter((item) => item !== "");
}

// --- Moments ---

const MOMENT_FORMS =
  'Write "2027-03-28 02:30", "2027-03-28T02:30+01:00", "15:00", "tomorrow 9am", "2027-W12" or "@1806217200"';

// A day, a time of day and a zone, each of them optional.
const DAY = String.raw`(?<day>today|tomorrow|yesterday|\d{4}-\d{1,2}-\d{1,2}|\d{4}-?W\d\d(?:-?[1-7])?)`;
const HALF = String.raw`[ap]\.?m\.?`;
const SECONDS = String.raw`(?::(?<second>\d\d)(?:[.,]\d{1,9})?)?`;
const CLOCK = String
  .raw`(?<hour>\d{1,2})(?::(?<minute>\d\d)${SECONDS}\s?(?<half>${HALF})?|\s?(?<bare>${HALF}))`;
const MOMENT = new RegExp(
  String.raw`^${DAY}?(?:[T,\s]\s*|$)?(?:${CLOCK}|(?<word>noon|midnight))?\s*(?<zone>.*)$`,
  "i",
);

function isMoment(item: string): boolean {
  return /^(now|today|tomorrow|yesterday|noon|midnight|@|\d)/i.test(item);
}

/** @throws {ToolError} when it is no date or time. */
function readMoment(asked: string, zone: Zone, now: Temporal.Instant, zones: ZoneReader): Reading {
  const written = asked.trim().replaceAll("\u2212", "-");
  if (/^(now)?$/i.test(written)) return { moments: [now] };
  const unix = /^(?:@(-?\d{1,12})|(\d{9,13}))$/.exec(written);
  if (unix !== null) {
    const count = Number(unix[1] ?? unix[2]);
    return {
      moments: [Temporal.Instant.fromEpochMilliseconds((unix[2]?.length ?? 0) > 11 ? count : count * 1000)],
    };
  }
  const parts = MOMENT.exec(written)?.groups ?? {};
  const time = readClock(parts, asked);
  if (parts.day === undefined && time === undefined) {
    throw new ToolError(`Cannot read "${asked}" as a time`, MOMENT_FORMS);
  }
  const where = parts.zone === undefined || parts.zone === "" ? zone : writtenZone(parts.zone, asked, zones);
  const day = readDay(parts.day ?? "today", now.toZonedDateTimeISO(where.id).toPlainDate(), asked);
  if (time === undefined) return { moments: [day.toZonedDateTime(where.id).toInstant()] };
  return readLocal(day.toPlainDateTime(time), where);
}

/**
 * The zone at the end of a date: "Z", "+02:00", "[Europe/Berlin]", "+02:00[Europe/Berlin]" (RFC 9557), "EST".
 */
function writtenZone(written: string, asked: string, zones: ZoneReader): Zone {
  const name = /^\[(.*)\]$/.exec(written)?.[1] ?? written.replace(/\[.*\]$/, "");
  if (/^[\d/]/.test(name)) throw new ToolError(`Cannot read "${asked}" as a time`, MOMENT_FORMS);
  const zone = zones.resolve(name);
  return zone.literal === undefined ? zone : { id: zone.literal, asked: zone.asked };
}

function readDay(day: string, today: Temporal.PlainDate, asked: string): Temporal.PlainDate {
  const word = ["yesterday", "today", "tomorrow"].indexOf(day.toLowerCase());
  if (word >= 0) return today.add({ days: word - 1 });
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const week = /^(\d{4})-?W(\d\d)-?([1-7])?$/i.exec(day);
  if (week === null) {
    try {
      return Temporal.PlainDate.from({ year, month, day: date }, { overflow: "reject" });
    } catch {
      throw new ToolError(
        `Cannot read "${asked}": the calendar has no ${day}`,
        `Dates are year-month-day. ${MOMENT_FORMS}`,
      );
    }
  }
  // ISO 8601: the week of January 4th is the first, and Monday its first day.
  const first = Temporal.PlainDate.from({ year: Number(week[1]), month: 1, day: 4 });
  const found = first.add({ days: (Number(week[2]) - 1) * 7 + Number(week[3] ?? 1) - first.dayOfWeek });
  if (found.yearOfWeek === Number(week[1])) return found;
  throw new ToolError(
    `Cannot read "${asked}": ${week[1]} has no week ${week[2]}`,
    "Weeks go from 01 to 52, in some years 53.",
  );
}

function readClock(
  parts: Readonly<Record<string, string | undefined>>,
  asked: string,
): Temporal.PlainTime | undefined {
  if (parts.word !== undefined) return new Temporal.PlainTime(parts.word.toLowerCase() === "noon" ? 12 : 0);
  if (parts.hour === undefined) return undefined;
  const half = (parts.half ?? parts.bare)?.charAt(0).toLowerCase();
  const written = Number(parts.hour);
  const hour = half === undefined ? written : (written % 12) + (half === "p" ? 12 : 0);
  const [minute, second] = [Number(parts.minute ?? 0), Number(parts.second ?? 0)];
  const possible = hour < 24 && minute < 60 && second < 60 &&
    (half === undefined || (written >= 1 && written <= 12));
  if (possible) return new Temporal.PlainTime(hour, minute, second);
  throw new ToolError(
    `Cannot read "${asked}": no clock shows that time`,
    "Hours go from 00 to 23, minutes and seconds to 59.",
  );
}

/** A local time as moments: none of the clock's changes is decided silently. */
function readLocal(local: Temporal.PlainDateTime, zone: Zone): Reading {
  const earlier = local.toZonedDateTime(zone.id, { disambiguation: "earlier" });
  const later = local.toZonedDateTime(zone.id, { disambiguation: "later" });
  if (earlier.equals(later)) return { moments: [earlier.toInstant()] };
  const change = earlier.getTimeZoneTransition("next");
  const twice = earlier.toPlainDateTime().equals(local);
  const fact = twice ? "happens twice" : "does not exist";
  const why = change === null ? "" : `: ${describeChange(change)}`;
  const note = `${showLocal(local)} ${fact} in ${zone.id}${why}. Both readings:`;
  return { note, moments: [earlier.toInstant(), later.toInstant()] };
}

// --- Words ---

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;

/** Nanoseconds, as `Temporal` counts offsets, in one second. */
const SECOND = 1_000_000_000;

function showLocal(local: Temporal.PlainDateTime): string {
  return local.toString({ smallestUnit: local.second === 0 ? "minute" : "second" }).replace("T", " ");
}

function showZoned(moment: Zoned): string {
  return `${showLocal(moment.toPlainDateTime())} ${moment.offset}, ${WEEKDAYS[moment.dayOfWeek - 1]}`;
}

/** "5 h 45 min"; nothing finer than a second. */
function showSpan(seconds: number): string {
  const whole = Math.abs(seconds);
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return [h > 0 ? `${h} h` : "", min > 0 ? `${min} min` : "", s > 0 ? `${s} s` : ""].filter((part) =>
    part !== ""
  ).join(" ") ||
    "0 min";
}

/** What the clocks do at a change of offset; `change` is the first moment under the new one. */
function describeChange(change: Zoned): string {
  const before = change.subtract({ nanoseconds: 1 });
  const shift = (change.offsetNanoseconds - before.offsetNanoseconds) / SECOND;
  const local = change.toPlainDateTime().subtract({ seconds: shift });
  const direction = shift > 0 ? "forward" : "back";
  return `on ${showLocal(local)} clocks go ${direction} ${
    showSpan(shift)
  }, from UTC${before.offset} to UTC${change.offset}`;
}

/**
 * Whether daylight saving time is in force. `Temporal` has no such notion: the name of the time says it where
 * there is one ("British Summer Time"); elsewhere it is a higher offset between two changes less than ten
 * months apart.
 */
function isDaylight(moment: Zoned): boolean {
  if (/\b(Daylight|Summer)\b/.test(timeName(moment))) return true;
  const start = moment.add({ nanoseconds: 1 }).getTimeZoneTransition("previous");
  const end = moment.getTimeZoneTransition("next");
  if (start === null || end === null || start.until(end, { largestUnit: "days" }).days > 300) return false;
  const before = start.subtract({ nanoseconds: 1 }).offsetNanoseconds;
  return moment.offsetNanoseconds > before && moment.offsetNanoseconds > end.offsetNanoseconds;
}

/** The English name of the time, such as "Central European Summer Time", or something like "GMT+03:00". */
function timeName(moment: Zoned): string {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: moment.timeZoneId, timeZoneName: "long" });
  return format.formatToParts(moment.epochMilliseconds).find((part) => part.type === "timeZoneName")?.value ??
    "";
}

function label(zone: Zone, machine: Machine): string {
  const asked = namesZone(zone) ? "" : ` ("${zone.asked}")`;
  const here = machine.problem === undefined && zone.id === machine.zone.id;
  return `${zone.id}${here ? " (this machine's zone)" : asked}`;
}

/** An abbreviation stands for one offset, its zone has two over the year: said when they differ. */
function literalNote(zone: Zone, moment: Zoned): string[] {
  if (zone.literal === undefined || zone.literal === moment.offset) return [];
  const now = `${zone.id} is at UTC${moment.offset} then`;
  return [
    `"${zone.asked}" stands for UTC${zone.literal}, but ${now}; give "${zone.literal}" for the fixed offset`,
  ];
}

function details(moment: Zoned, zone: Zone, machine: Machine): string[] {
  const next = moment.getTimeZoneTransition("next");
  const name = timeName(moment);
  const named = /^(GMT|UTC)[+-]|^$/.test(name) ? "" : ` (${name})`;
  const week = `${String(moment.yearOfWeek).padStart(4, "0")}-W${
    String(moment.weekOfYear).padStart(2, "0")
  }-${moment.dayOfWeek}`;
  const year = `day ${moment.dayOfYear} of ${moment.daysInYear}`;
  const unix = Math.floor(moment.epochMilliseconds / 1000);
  return [
    `${showZoned(moment)}, ${label(zone, machine)}`,
    `Daylight saving time: ${isDaylight(moment) ? "in force" : "not in force"}${named}`,
    next === null ? "No change of the clocks is planned" : `Next change: ${describeChange(next)}`,
    `ISO 8601: ${moment.toString({ smallestUnit: "second", timeZoneName: "never" })}; week ${week}; ${year}`,
    `UTC: ${showLocal(moment.withTimeZone("UTC").toPlainDateTime())}; Unix time: ${unix}`,
    ...literalNote(zone, moment),
  ];
}

function compared(moment: Zoned, zone: Zone, base: Zoned, machine: Machine): string[] {
  const days = base.toPlainDate().until(moment.toPlainDate()).days;
  const day = days === 0
    ? ""
    : days === 1
    ? " (next day)"
    : days === -1
    ? " (previous day)"
    : ` (${days} days)`;
  const ahead = (moment.offsetNanoseconds - base.offsetNanoseconds) / SECOND;
  const hours = ahead === 0 ? "same time as" : `${showSpan(ahead)} ${ahead > 0 ? "ahead of" : "behind"}`;
  const next = moment.getTimeZoneTransition("next");
  const change = next === null ? "" : `, until ${next.toPlainDate()}`;
  const daylight = isDaylight(moment) ? `daylight saving time${change}` : "no daylight saving time";
  const line = `${label(zone, machine)}: ${
    showZoned(moment)
  }${day}; ${hours} ${base.timeZoneId}; ${daylight}`;
  return [line, ...literalNote(zone, moment)];
}

function elapsed(from: Zoned, to: Zoned): string {
  const seconds = Math.trunc((to.epochMilliseconds - from.epochMilliseconds) / 1000);
  const [first, last] = seconds < 0 ? [to, from] : [from, to];
  const calendar = first.until(last, { largestUnit: "years", smallestUnit: "seconds" });
  const units = ["years", "months", "days", "hours", "minutes", "seconds"] as const;
  const parts = units.filter((unit) => calendar[unit] !== 0).map((unit) =>
    `${calendar[unit]} ${calendar[unit] === 1 ? unit.slice(0, -1) : unit}`
  );
  const { days } = first.until(last, { largestUnit: "days" });
  const spans = `${days} whole days, ${showSpan(seconds)}, ${Math.abs(seconds).toLocaleString("en-US")} s`;
  const when = seconds < 0 ? "earlier" : "later";
  return `${showZoned(to)}, is ${
    parts.length === 0 ? "the same moment" : `${parts.join(" ")} ${when} (${spans})`
  }`;
}

// --- The tool ---

const getTime: AnyTool = defineTool({
  name: "get_time",
  title: "Time and time zones",
  description:
    "Gives the time now or at any date, in one or many zones: weekday, ISO week, UTC offset, daylight " +
    "saving time (gaps and overlaps too), hours between zones. Converts, and measures between dates. Never " +
    "guess today's date: ask here",
  effect: "read",
  world: "closed",
  input: {
    zone: z.string().max(TIME_ARGUMENT_CHARS_MAX).optional().describe(
      'Zones, comma-separated: "Europe/Berlin", "Pacific Standard Time", "São Paulo", "+05:45". `at` is ' +
        "read in the first. Default: this machine's",
    ),
    at: z.string().max(TIME_ARGUMENT_CHARS_MAX).optional().describe(
      '"2027-03-28 02:30", with offset or Z, "15:00", "tomorrow 9am", "2027-W12", Unix time. Default: now',
    ),
    to: z.string().max(TIME_ARGUMENT_CHARS_MAX).optional().describe(
      "Zones to convert to, or a second date to measure to",
    ),
  },
  paths: [],
  run({ zone, at, to }, ctx) {
    const targets = items(to ?? "");
    const named = items(zone ?? "");
    const asked = [...(named.length === 0 ? ["local"] : named), ...targets.filter((item) => !isMoment(item))];
    if (asked.length > ZONES_PER_CALL_MAX) {
      throw new ToolError(
        `Cannot show ${asked.length} zones in one call`,
        `Ask for at most ${ZONES_PER_CALL_MAX}.`,
      );
    }
    const zones = zoneReader(ctx.timeZone);
    const { machine } = zones;
    const [first = machine.zone, ...others] = unique(asked.map(zones.resolve));
    const now = Temporal.Instant.fromEpochMilliseconds(ctx.now().getTime());
    const start = readMoment(at ?? "now", first, now, zones);
    const ends = targets.filter(isMoment).map((item) => readMoment(item, first, now, zones));
    const lines = machine.problem !== undefined && first === machine.zone ? [machine.problem] : [];
    if (start.note !== undefined) lines.push(start.note);
    for (const instant of start.moments) {
      const moment = instant.toZonedDateTimeISO(first.id);
      if (lines.length > 0) lines.push("");
      lines.push(...details(moment, first, machine));
      for (const other of others) {
        lines.push(...compared(moment.withTimeZone(other.id), other, moment, machine));
      }
      for (const end of ends) {
        if (end.note !== undefined) lines.push(end.note);
        lines.push(...end.moments.map((other) => elapsed(moment, other.toZonedDateTimeISO(first.id))));
      }
    }
    return text(lines.join("\n"));
  },
});

function unique(zones: readonly Zone[]): Zone[] {
  return zones.filter((zone, index) => zones.findIndex((other) => other.id === zone.id) === index);
}

const findMeetingTime: Prompt = {
  name: "find_meeting_time",
  title: "Find a meeting time",
  description: "Finds times that suit people in several time zones, and shows everybody's local time",
  arguments: [
    {
      name: "zones",
      description: 'Where people are, comma-separated: "Berlin, New York, Tokyo"',
      required: true,
      complete(value) {
        const last = value.lastIndexOf(",") + 1;
        const before = last === 0 ? "" : `${value.slice(0, last)} `;
        return completeZone(value.slice(last).trim(), COMPLETIONS_MAX).map((name) => before + name);
      },
    },
    {
      name: "date",
      description: 'Earliest day: "2027-03-29", "tomorrow". Default: the coming week',
      required: false,
    },
    { name: "duration", description: 'How long: "45 minutes". Default: one hour', required: false },
  ],
  render: ({ zones, date, duration }) =>
    `Find a time for a meeting of ${duration ?? "one hour"} with people in: ${zones}.
When: ${date ?? "within the next five working days"}.

Work like this:
1. Call get_time with zone "${zones}" to see each place's time, offset and next change of the clocks. Use "at"
   for other days: offsets differ around a change.
2. For each day, intersect working hours, 09:00 to 17:00 local time. If nothing is left, widen to 08:00 to
   19:00, then say who would have to meet early or late, and share that burden fairly.
3. Leave out weekends where people are, and lunch from 12:00 to 13:00 if there is a choice.
4. Check every proposal with get_time (zone: the first place, at: the start, to: the other places).

Answer with the three best times as a table: one row a proposal, one column a place, local weekday, date and
time in each cell; then one sentence on the compromise, and a warning where clocks change within a week of
it.`,
};

/** The time module. */
export const time: Module = defineModule({
  name: "time",
  title: "Time",
  instructions:
    "get_time: ask it for today's date, weekdays, times elsewhere and spans of time; do not work them out.",
  tools: [getTime],
  prompts: [findMeetingTime],
});
