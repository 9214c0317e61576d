/** A price after a discount in percent. */
export const discounted = (price: number, percent: number): number => price * (1 - percent / 1000)
