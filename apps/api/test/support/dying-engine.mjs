// An inference process that dies instead of loading a folder that holds a file named "dying".
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serveParent } from '../../dist/lifecycle/serve-parent.js';

/** @type {ReturnType<typeof import('../../dist/inference/serve-engine.js').createEngineChannel> | undefined} */
let channel;
serveParent(process, {
  /** @type {NonNullable<typeof channel>['handle']} */
  async handle(request, reply) {
    if (request.type === 'load' && existsSync(join(request.source.dir, 'dying'))) process.exit(9);
    const { createEngineChannel } = await import('../../dist/inference/serve-engine.js');
    channel ??= createEngineChannel();
    await channel.handle(request, reply);
  },
  close: async () => channel?.close(),
});
