/**
 * Sizes and times as people read them.
 * @module
 */

const UNITS = ["kB", "MB", "GB", "TB", "PB"];

/** A size with three digits at most: `512 B`, `1.2 kB`, `34 MB`. Units are decimal. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  let value = bytes;
  let unit = "B";
  for (const next of UNITS) {
    // 999.5 of a unit would be rounded to 1,000 of it.
    if (value < 999.5) break;
    value /= 1_000;
    unit = next;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** A number with its thousands separated: `1,234`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A number and its noun: `1 file`, `1,234 files`. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** A moment in a time zone as ISO 8601 with its offset: `2026-11-22T10:49:07+01:00`. */
export function localTime(moment: Date, timeZone: string): string {
  return localTimes(timeZone)(moment);
}

/**
 * {@link localTime} for many moments: getting ready for a time zone costs more than ten of them. The zone of
 * the machine, which is mostly meant, every date knows: that takes a tenth of the time.
 */
export function localTimes(timeZone: string): (moment: Date) => string {
  const isMachines = timeZone === new Intl.DateTimeFormat().resolvedOptions().timeZone;
  let ofZone: ((moment: Date) => string) | undefined;
  return (moment) => {
    // A century ago, offsets had seconds, which dates do not tell, and before the year 1 years count back.
    const isTold = moment.getSeconds() === moment.getUTCSeconds() && moment.getFullYear() > 0;
    if (isMachines && isTold) return machineTime(moment);
    return (ofZone ??= zoneTimes(timeZone))(moment);
  };
}

function machineTime(moment: Date): string {
  const day = `${two(moment.getFullYear())}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
  const behind = moment.getTimezoneOffset();
  const minutes = Math.abs(behind);
  const offset = `${behind > 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
  return `${day.padStart(10, "0")}T${time}${offset}`;
}

/** A number in two digits at least. */
function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

const PARTS = /^(\d+)\/(\d+)\/(\d+), ([\d:]+) GMT(.*)$/;

function zoneTimes(timeZone: string): (moment: Date) => string {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "longOffset",
  });
  return (moment) => {
    // Asking for the parts one by one takes three times as long as taking "11/22/2026, 10:49:07 GMT+01:00"
    // apart.
    const [, month, day, year = "", time, offset] = PARTS.exec(format.format(moment)) ?? [];
    return `${year.padStart(4, "0")}-${month}-${day}T${time}${offset || "+00:00"}`;
  };
}
