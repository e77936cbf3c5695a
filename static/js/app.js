// Everything here is an extra: each page is complete without it.
import * as theme from './theme.js';
import * as clocks from './clocks.js';
import * as drafts from './drafts.js';
import * as layers from './layers.js';
import * as palette from './palette.js';
import * as job from './job.js';
import * as keys from './keys.js';
import * as queue from './queue.js';
import * as ticket from './ticket.js';
import * as upload from './upload.js';
import * as live from './live.js';

for (const part of [theme, clocks, drafts, job, layers, palette, keys, queue, ticket, upload, live]) {
  try { part.start(); } catch (error) { console.warn('part of the page stays plain', error); }
}
