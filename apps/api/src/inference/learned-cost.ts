/** What an observation weighs once the next one has come: some 50 of them are remembered. */
const MEMORY = 0.98;

/** What work costs, in whatever unit, by its amount: learned from what it cost of late. */
export class LearnedCost {
  #amount = 0;
  #cost = 0;
  #count = 0;

  add(amount: number, cost: number): void {
    this.#amount = this.#amount * MEMORY + amount;
    this.#cost = this.#cost * MEMORY + cost;
    this.#count = this.#count * MEMORY + 1;
  }

  /** 0 as long as nothing was observed. */
  costOf(amount: number): number {
    return this.#amount > 0 ? (this.#cost / this.#amount) * amount : 0;
  }

  /** Of one observation; 0 as long as there was none. */
  get meanCost(): number {
    return this.#count > 0 ? this.#cost / this.#count : 0;
  }
}
