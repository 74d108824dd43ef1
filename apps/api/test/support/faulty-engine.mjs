// An inference process with faults: it dies over "bad", and never answers "movie". With every other review it does what it should.
import { serveParent } from '../../dist/lifecycle/serve-parent.js';
import { createEngineChannel } from '../../dist/inference/serve-engine.js';

const IDS = { movie: 8, bad: 11 }; // in the tiny vocabulary

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const channel = createEngineChannel();
serveParent(process, {
  ...channel,
  /** @type {typeof channel.handle} */
  async handle(request, reply) {
    const ids = request.type === 'run' ? request.run.inputIds : new Int32Array();
    if (ids.includes(IDS.bad)) process.exit(9);
    if (ids.includes(IDS.movie)) await new Promise(() => setInterval(() => {}, 1000));
    await channel.handle(request, reply);
  },
});
