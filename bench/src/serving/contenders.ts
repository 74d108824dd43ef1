import { fileURLToPath } from 'node:url';

import type { ServerCommand } from './server-process.js';

const SERVER = fileURLToPath(new URL('../../../apps/api/dist/main.js', import.meta.url));
const EXPRESS_PEER = fileURLToPath(new URL('./express-peer.js', import.meta.url));
const FASTAPI_PEER = fileURLToPath(new URL('../../python/serving_peer.py', import.meta.url));

/** Our server as it is started by its users, every option at its default but model and port. */
export function marquee(modelDir: string): ServerCommand {
  return {
    name: 'Marquee',
    command: process.execPath,
    args: () => [SERVER],
    env: (port) => ({ MARQUEE_MODEL: modelDir, PORT: String(port), HOST: '127.0.0.1' }),
    readyPath: '/health',
  };
}

/** The usual stack of the task: FastAPI, transformers and PyTorch in fp32. */
export function fastApi(python: string, modelDir: string): ServerCommand {
  return {
    name: 'FastAPI + PyTorch fp32',
    command: python,
    args: (port) => [FASTAPI_PEER, '--model', modelDir, '--port', String(port)],
    readyPath: '/health',
  };
}

/** The same routes on Express and transformers.js q8, in the process that answers. */
export function expressPeer(modelDir: string): ServerCommand {
  return {
    name: 'Express + transformers.js q8',
    command: process.execPath,
    args: (port) => [EXPRESS_PEER, JSON.stringify({ dir: modelDir, port })],
    readyPath: '/livez',
  };
}
