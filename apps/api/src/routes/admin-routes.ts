import type { ReloadResponse } from '@marquee/contracts';
import { ReloadResponseDto } from '../dto/reload-response.js';
import type { ServingModel } from '../inference/inference-service.js';
import type { Route } from './route.js';

/** No request names a path: what is loaded is what the server was started with. */
export function createReloadRoute(reload: () => Promise<ServingModel>): Route<object, ReloadResponse> {
  return {
    method: 'POST',
    path: '/admin/reload',
    operationId: 'reload',
    tag: 'Administration',
    summary: 'Reads the model’s folder anew',
    description:
      'Verifies and warms what the folder holds now in new processes, and answers when it serves; until then the old model does. ' +
      'A model that cannot be served is refused, and the old one goes on. After a 504 the reload goes on, too. ' +
      'The certificate and the key of TLS are read anew as well; the log tells of a pair that is refused.',
    scope: 'admin',
    wire: 'native',
    answers: { 200: { dto: ReloadResponseDto, description: 'What the folder holds now serves.' } },
    errors: ['MODEL_REFUSED', 'SHUTTING_DOWN'],
    async handle() {
      const { path, version } = await reload();
      return { status: 200, body: { model_path: path, model_version: version } };
    },
  };
}
