import { writeSync } from 'node:fs';
import { openSeries } from './series.ts';
import { sampleHour, sampleMinute } from './series-samples.ts';

/**
 * Writes minutes and hours of three functions until it is killed, beginning some minutes before the next one, as a
 * replay from a checkpoint does. Says on stdout which minute is written, after it is. Arguments: folder, next minute,
 * minutes to go back.
 */
const [folder, next, back] = process.argv.slice(2);
const series = openSeries(folder);
const names = ['f', 'g', 'h'];
for (let minute = Math.max(0, Number(next) - Number(back)); ; minute++) {
  series.minute(sampleMinute(minute, names));
  if (minute % 60 === 59) series.hour(sampleHour((minute - 59) / 60, names));
  writeSync(1, `${minute}\n`);
}
