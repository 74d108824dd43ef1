import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request and its answer, with ids and times masked. */
export interface Exchange {
  /** Method and path, as `POST /api/2.0/mlflow/runs/create`. */
  readonly route: string;
  readonly request: unknown;
  readonly status: number;
  readonly answer: unknown;
}

/** Masks what differs from run to run: ids, and times that are no field of the record. */
const maskIds = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{32}(?![0-9a-f])(?<![0-9a-f]{33})/g, '<run>')
    .replaceAll(/"(\w*time\w*)": ?\d+/g, (field, name: string) =>
      name === 'start_time' ? field : `"${name}":"<time>"`,
    )
    .replaceAll(/"experiment_id": ?"\d+"/g, '"experiment_id":"<experiment>"')
    .replaceAll(/(mlflow-artifacts:\/|artifacts\/)\d+(?=\/|")/g, '$1<experiment>');

const unmaskIds = (text: string): string =>
  text.replaceAll('<run>', '0'.repeat(32)).replaceAll('<experiment>', '7').replaceAll('"<time>"', '1');

export interface HeardRequest {
  readonly route: string;
  readonly request: unknown;
  readonly authorization: string | undefined;
}

export interface ReplayServer {
  readonly uri: string;
  readonly requests: HeardRequest[];
  /** Answers the next so many requests (of these routes) with this status, or never, and goes back to what was recorded. */
  fail(status: number | 'silence', times: number, routes?: RegExp): void;
  close(): void;
}

interface Failure {
  readonly status: number | 'silence';
  readonly times: number;
  readonly routes: RegExp;
}

/** Answers as the recorded server did: each route by its recorded answers in turn, the last one again and again. */
export async function startReplay(recording: readonly Exchange[]): Promise<ReplayServer> {
  const turns = new Map<string, number>();
  const requests: HeardRequest[] = [];
  let failure: Failure = { status: 500, times: 0, routes: /^/ };
  const server = createServer((incoming, response) => {
    void bodyOf(incoming).then((request) => {
      const route = routeOf(incoming);
      requests.push({ route, request, authorization: incoming.headers.authorization });
      if (failure.times > 0 && failure.routes.test(route)) {
        failure = { ...failure, times: failure.times - 1 };
        return failure.status === 'silence' ? response : response.writeHead(failure.status).end();
      }
      const known = recording.filter((exchange) => exchange.route === route);
      const turn = turns.get(route) ?? 0;
      turns.set(route, turn + 1);
      const exchange = known[Math.min(turn, known.length - 1)];
      // A file of any name is taken.
      const status = exchange?.status ?? (incoming.method === 'PUT' ? 200 : 404);
      response.writeHead(status, { 'content-type': 'application/json' });
      return response.end(unmaskIds(JSON.stringify(exchange?.answer ?? {})));
    });
  });
  const uri = await listen(server);
  return {
    uri,
    requests,
    fail: (status, times, routes = /^/) => (failure = { status, times, routes }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export const routeOf = ({ method = '', url = '' }: IncomingMessage): string => maskIds(`${method} ${url}`);

/** JSON as it is, files as their text, masked. */
const bodyOf = async (request: IncomingMessage): Promise<unknown> =>
  readBody((await bytesOf(request)).toString('utf8'), request.headers['content-type']);

export function readBody(text: string, contentType: string | undefined): unknown {
  if (text === '') return null;
  return contentType?.startsWith('application/json') ? (JSON.parse(maskIds(text)) as unknown) : text;
}

export async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
