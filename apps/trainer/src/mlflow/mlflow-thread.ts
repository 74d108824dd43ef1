import { parentPort, workerData } from 'node:worker_threads';

import { createMlflowMirror } from './mlflow-mirror.js';
import type { MlflowSettings } from './mlflow-settings.js';
import type { FromThread, ToThread } from './threaded-mlflow-mirror.js';

// The thread beside a run: a step of training blocks the event loop of the main one for seconds, and answers would seem late.
const port = parentPort;
if (!port) throw new Error('bug: this file is the entry of a worker thread');
const tell = (message: FromThread): void => port.postMessage(message);
const mirror = createMlflowMirror(workerData as MlflowSettings, (warning) => tell({ kind: 'warning', warning }));

port.on('message', (message: ToThread) => {
  if (message.kind === 'begin') mirror.begin(message.dir, message.record);
  else if (message.kind === 'log') mirror.log(message.entry);
  else
    void mirror.end(message.record, message.files).finally(() => {
      tell({ kind: 'ended' });
      port.close();
    });
});
