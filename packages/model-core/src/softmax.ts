/** Probabilities of logits divided by `temperature`. The greatest logit is taken off first: ±1000 neither overflow nor give NaN. */
export function softmax(logits: ArrayLike<number>, temperature = 1): number[] {
  const scaled = Array.from(logits, (logit) => logit / temperature);
  const greatest = Math.max(...scaled);
  const exponentials = scaled.map((logit) => Math.exp(logit - greatest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
