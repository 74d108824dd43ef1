// Says that it loaded the model, never answers, and does not end by itself.
process.on('SIGTERM', () => {});
process.on('message', (/** @type {{ type: string }} */ request) => {
  if (request.type === 'load') process.send?.({ type: 'loaded', loaded: { device: 'cpu' } });
});
process.on('disconnect', () => setInterval(() => {}, 1000));
