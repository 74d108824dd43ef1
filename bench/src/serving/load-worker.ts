// A process that loads servers, so that neither the server nor the measuring process shares its event loop.
import type { LoadRequest, StopLoad } from './load-protocol.js';
import { generateLoad } from './load-generator.js';

let stop = new AbortController();

process.on('message', (message: LoadRequest | StopLoad) => {
  if (message.type === 'stop') {
    stop.abort();
    return;
  }
  stop = new AbortController();
  void generateLoad(message, stop.signal).then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
