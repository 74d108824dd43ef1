import { runKeysCommand } from '../../src/keys/keys-command.js';

export interface KeysRun {
  readonly output: string;
  readonly said: string;
}

/** Runs `keys …` on a directory, at a time of its own. */
export async function runKeys(dir: string, argv: readonly string[], now = new Date()): Promise<KeysRun> {
  const run = { output: '', said: '' };
  await runKeysCommand(argv, {
    keysDir: dir,
    defaultKeysDir: '/nowhere',
    cwd: '/',
    now: () => now,
    write: (text) => (run.output += text),
    say: (sentence) => (run.said += `${sentence}\n`),
  });
  return run;
}

/** Creates a key and returns it, as it is shown once. */
export async function createKey(dir: string, ...options: readonly string[]): Promise<string> {
  return (await runKeys(dir, ['create', '--name', 'test', ...options])).output.trim();
}

export const idOf = (key: string): string => key.split('_')[1] ?? '';
