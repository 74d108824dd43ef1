// Says that it loaded the model, and dies over the first review.
process.on('message', (/** @type {{ type: string }} */ request) => {
  if (request.type === 'load') process.send?.({ type: 'loaded', loaded: { device: 'cpu' } });
  else process.exit(9);
});
