/** Where runs are shown besides their folders. */
export interface MlflowSettings {
  /** Without a slash at its end, user or password. */
  readonly trackingUri: string;
  readonly experimentName: string;
  /** Value of the `Authorization` header. */
  readonly authorization?: string;
  /** For one answer; a file gets as long as its size asks for. */
  readonly timeoutMs: number;
}

const DEFAULT_EXPERIMENT = 'marquee';
const DEFAULT_TIMEOUT_S = 10;

/**
 * Reads the variables of MLflow's own client: MLFLOW_TRACKING_URI, without which there is nothing to tell, MLFLOW_EXPERIMENT_NAME, MLFLOW_TRACKING_TOKEN or
 * MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, MLFLOW_HTTP_REQUEST_TIMEOUT. Returns what is wrong with the address instead, where it is no HTTP one.
 */
export function readMlflowSettings(
  env: Readonly<Record<string, string | undefined>>,
): MlflowSettings | { readonly problem: string } | undefined {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const address = given('MLFLOW_TRACKING_URI');
  if (address === undefined) return undefined;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    return { problem: 'MLFLOW_TRACKING_URI: expected an http:// or https:// address; MLflow is not told of this run' };
  }
  const { origin, pathname, username, password } = url;
  const timeoutSeconds = Number(given('MLFLOW_HTTP_REQUEST_TIMEOUT'));
  const authorization = authorize(
    given('MLFLOW_TRACKING_TOKEN'),
    given('MLFLOW_TRACKING_USERNAME') ?? decodeURIComponent(username),
    given('MLFLOW_TRACKING_PASSWORD') ?? decodeURIComponent(password),
  );
  return {
    trackingUri: `${origin}${pathname}`.replace(/\/+$/, ''),
    experimentName: given('MLFLOW_EXPERIMENT_NAME') ?? DEFAULT_EXPERIMENT,
    timeoutMs: 1000 * (timeoutSeconds > 0 ? timeoutSeconds : DEFAULT_TIMEOUT_S),
    ...(authorization !== undefined && { authorization }),
  };
}

function authorize(token: string | undefined, user: string, password: string): string | undefined {
  if (token !== undefined) return `Bearer ${token}`;
  return user === '' ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
