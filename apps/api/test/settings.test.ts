import { describe, expect, test } from 'vitest';
import { resolveSettings } from '../src/settings.js';

function settingsOf(argv: readonly string[], env: Record<string, string> = {}) {
  return resolveSettings({ argv, env, cwd: '/home/ada', defaultModelDir: '/srv/marquee/artifacts/marquee' });
}

describe('settings', () => {
  test('have defaults that serve at once, on this machine only', () => {
    expect(settingsOf([])).toEqual({
      kind: 'serve',
      settings: {
        modelDir: '/srv/marquee/artifacts/marquee',
        port: 8000,
        host: '127.0.0.1',
        device: 'auto',
        graph: 'auto',
        threads: undefined,
      },
    });
  });

  test('come from the environment', () => {
    const env = {
      MARQUEE_MODEL: '/models/a',
      PORT: '9000',
      HOST: '::1',
      MARQUEE_DEVICE: 'cpu',
      MARQUEE_GRAPH: 'fp32',
      MARQUEE_THREADS: '2',
    };
    expect(settingsOf([], env)).toMatchObject({
      settings: { modelDir: '/models/a', port: 9000, host: '::1', device: 'cpu', graph: 'fp32', threads: 2 },
    });
  });

  test('on the command line win over the environment', () => {
    const env = { MARQUEE_MODEL: '/models/a', PORT: '9000' };
    expect(settingsOf(['--model', '/models/b', '--port=0'], env)).toMatchObject({
      settings: { modelDir: '/models/b', port: 0 },
    });
  });

  test('take a relative model from where the user stands', () => {
    expect(settingsOf(['--model', 'runs/best'])).toMatchObject({ settings: { modelDir: '/home/ada/runs/best' } });
    expect(settingsOf([], { MARQUEE_MODEL: '../best' })).toMatchObject({ settings: { modelDir: '/home/best' } });
  });

  test('treat an empty variable as absent', () => {
    expect(settingsOf([], { PORT: '', HOST: '', MARQUEE_MODEL: '' })).toMatchObject({
      settings: { port: 8000, host: '127.0.0.1' },
    });
  });

  test('--help describes each of them', () => {
    const request = settingsOf(['--help']);
    const text = request.kind === 'help' ? request.text : '';
    for (const name of [
      '--model',
      'MARQUEE_MODEL',
      '--port',
      'PORT',
      '--host',
      'HOST',
      '--device',
      '--graph',
      '--threads',
    ]) {
      expect(text).toContain(name);
    }
  });

  test.each([
    [['--port', '65536'], {}, '--port must be an integer from 0 to 65535, got "65536".'],
    [[], { PORT: '80a' }, 'PORT must be an integer from 0 to 65535, got "80a".'],
    [[], { HOST: 'a b' }, 'HOST must be an address or a host name, got "a b".'],
    [[], { MARQUEE_DEVICE: 'gpu' }, 'MARQUEE_DEVICE must be one of auto, cpu, cuda, got "gpu".'],
    [['--graph', 'int4'], {}, '--graph must be one of auto, int8, fp32, got "int4".'],
    [['--threads', '0'], {}, '--threads must be an integer from 1 to 256, got "0".'],
    [['--model', ''], {}, '--model must be a folder, got "".'],
    [['--modell', 'x'], {}, "Unknown option '--modell': --help lists the options."],
  ])('%j %j stop the start with the name and what was expected', (argv, env, message) => {
    expect(() => settingsOf(argv, env)).toThrow(expect.objectContaining({ code: 'INVALID_SETTINGS', message }));
  });
});
