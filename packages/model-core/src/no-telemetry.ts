/**
 * ONNX Runtime's official builds report what they run to Microsoft since 1.29, under an identifier that they keep in the user's cache folder,
 * unless this variable is set before they start. Nothing here sends anything anywhere: whoever wants to report sets it to 0.
 */
// eslint-disable-next-line no-restricted-properties -- a setting of the runtime that exists only as a variable
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
