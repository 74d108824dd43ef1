import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterAll } from 'vitest';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** A server on loopback that answers as the Hugging Face Hub does, for one model. */
export interface HubServer {
  readonly endpoint: string;
  /** `GET /path range`, in order. */
  readonly requests: string[];
  /** The `Authorization` of each request. */
  readonly authorizations: (string | undefined)[];
  /** Changes how a file is answered, until the next change. */
  misbehave(fault: HubFault): void;
}

export interface HubFault {
  /** The connection breaks after so many bytes of an answer with `model.safetensors`. */
  readonly breakAfter?: number;
  /** An answer with `model.safetensors` has other bytes of the same number. */
  readonly damage?: boolean;
  /** Ranges are not honored where a part of `model.safetensors` is asked for. */
  readonly ignoreRange?: boolean;
  /** What is said of the files, changed. */
  readonly list?: (files: ListedFile[]) => unknown[];
  readonly commit?: string;
  readonly status?: number;
  /** Files are said to lie on another server, under the same path. */
  readonly redirectTo?: string;
}

interface ListedFile {
  readonly type: 'file';
  readonly path: string;
  readonly size: number;
  readonly oid: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

const servers: { close: () => void }[] = [];
afterAll(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Serves a model folder under `name`. Weights stand in large-file storage, as on the hub. */
export async function startHub(dir: string, name: string): Promise<HubServer> {
  const contents = await Promise.all(
    (await readdir(dir)).map(async (file) => [file, await readFile(join(dir, file))] as const),
  );
  const files = new Map(contents);
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  let fault: HubFault = {};
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '', 'http://hub');
    const range = request.headers.range;
    requests.push(`${request.method} ${pathname}${range === undefined ? '' : ` ${range}`}`);
    authorizations.push(request.headers.authorization);
    const json = (value: unknown): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const commit = fault.commit ?? COMMIT;
    if (fault.status !== undefined) response.writeHead(fault.status, { 'x-error-code': 'RepoNotFound' }).end();
    else if (pathname.startsWith(`/api/models/${name}/revision/`))
      json({ _id: '1', id: name, sha: commit, lastModified: '2024-01-01T00:00:00Z' });
    else if (pathname === `/api/models/${name}/paths-info/${commit}`) {
      const { paths } = JSON.parse(await textOf(request)) as { paths: string[] };
      const listed = paths.flatMap((path) =>
        files.has(path) ? [describeFile(path, files.get(path) ?? Buffer.alloc(0))] : [],
      );
      json(fault.list ? fault.list(listed) : listed);
    } else if (fault.redirectTo !== undefined) {
      response.writeHead(302, { location: `${fault.redirectTo}${pathname}` }).end();
    } else {
      const file = pathname.replace(`/${name}/resolve/${commit}/`, '');
      const bytes = files.get(file);
      if (bytes) sendFile(response, bytes, range, file === 'model.safetensors' ? fault : {});
      else response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, requests, authorizations, misbehave: (changed) => (fault = changed) };
}

function describeFile(path: string, bytes: Buffer): ListedFile {
  const file = { type: 'file', path, size: bytes.length } as const;
  if (path !== 'model.safetensors') return { ...file, oid: gitOid(bytes) };
  const lfs = { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 134 };
  return { ...file, oid: gitOid(Buffer.from('a pointer')), lfs };
}

const gitOid = (bytes: Buffer): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

function sendFile(response: ServerResponse, bytes: Buffer, range: string | undefined, fault: HubFault): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  const isProbe = range === 'bytes=0-0';
  const from = first === undefined || (fault.ignoreRange && !isProbe) ? 0 : Number(first);
  const to = last === undefined || (fault.ignoreRange && !isProbe) ? bytes.length : Number(last) + 1;
  const part = Buffer.from(bytes.subarray(from, to));
  if (fault.damage) part.fill(7);
  response.writeHead(range === undefined ? 200 : 206, {
    'content-length': part.length,
    'content-range': `bytes ${from}-${to - 1}/${bytes.length}`,
    etag: '"etag"',
    'x-cache': 'Hit from cloudfront', // as the hub's own files have it; the library then keeps to that host
  });
  if (fault.breakAfter === undefined || isProbe || part.length <= fault.breakAfter) response.end(part);
  else response.write(part.subarray(0, fault.breakAfter), () => response.destroy());
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
