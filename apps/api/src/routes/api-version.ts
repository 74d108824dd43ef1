/** Version of the API: what its documents and its protocols say of the server. */
export const API_VERSION = '1.0.0';
